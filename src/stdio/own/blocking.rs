//! Descriptors 0 and 1 for a thread that may block.

use std::io::{self, Read, Write};

#[cfg(unix)]
pub(super) fn input() -> io::Result<impl Read + Send + 'static> {
    Blocking::duplicate(io::stdin())
}

#[cfg(unix)]
pub(super) fn output() -> io::Result<impl Write + Send + 'static> {
    Blocking::duplicate(io::stdout())
}

#[cfg(not(unix))]
pub(super) fn input() -> io::Result<impl Read + Send + 'static> {
    Ok(io::stdin())
}

#[cfg(not(unix))]
pub(super) fn output() -> io::Result<impl Write + Send + 'static> {
    Ok(io::stdout())
}

/// A file that blocks also when others have made its description non-blocking, as Node.js does with a terminal that it shares.
#[cfg(unix)]
struct Blocking(std::fs::File);

#[cfg(unix)]
impl Blocking {
    fn duplicate(of: impl std::os::fd::AsFd) -> io::Result<Blocking> {
        of.as_fd().try_clone_to_owned().map(|fd| Blocking(fd.into()))
    }

    fn retry<T>(
        &mut self,
        until: rustix::event::PollFlags,
        mut attempt: impl FnMut(&mut std::fs::File) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match attempt(&mut self.0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let waits = rustix::event::PollFd::new(&self.0, until);
                    match rustix::event::poll(&mut [waits], None) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                done => return done,
            }
        }
    }
}

#[cfg(unix)]
impl Read for Blocking {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.retry(rustix::event::PollFlags::IN, |file| file.read(buf))
    }
}

#[cfg(unix)]
impl Write for Blocking {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.retry(rustix::event::PollFlags::OUT, |file| file.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    // PITFALLS 42
    #[test]
    fn a_description_that_others_made_non_blocking_is_waited_for() {
        let (reader, mut writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        let mut blocking = Blocking::duplicate(&reader).unwrap();
        let (mut space, mut attempts) = ([0; 8], 0);
        let read = blocking.retry(rustix::event::PollFlags::IN, |file| {
            attempts += 1;
            let read = file.read(&mut space);
            if attempts == 1 {
                writer.write_all(b"late").unwrap();
            }
            read
        });
        assert_eq!((read.unwrap(), attempts), (4, 2));
    }
}
