/// The accessors of a service over an inner one. `$unlike` says what does not happen to calls that go around it.
macro_rules! inner_accessors {
    ($unlike:literal) => {
        /// The inner service.
        pub const fn get_ref(&self) -> &S {
            &self.inner
        }

        #[doc = concat!("The inner service. What is called through it ", $unlike, ".")]
        pub const fn get_mut(&mut self) -> &mut S {
            &mut self.inner
        }

        /// The inner service.
        pub fn into_inner(self) -> S {
            self.inner
        }
    };
}
