//! What each rule checks. Each begins with a fresh layer.

mod cancellation;
mod leftovers;
mod limits;
mod readiness;
mod release;
mod replies;
mod wakers;

use super::Rule;
use super::lab::{Lab, Layers, Outcome};
use super::options::Options;
use super::probe::Control;

pub(super) async fn check(rule: Rule, layers: Layers, control: Control, options: Options) -> Outcome {
    use wakers::Way;
    let lab = Lab::new(layers, control, options);
    match rule {
        Rule::InnerReady => readiness::inner_ready(&lab).await,
        Rule::ItemsPass => replies::items_pass(&lab).await,
        Rule::CallOrder => replies::call_order(&lab).await,
        Rule::ReadyRepeats => readiness::ready_repeats(&lab).await,
        Rule::CloneUnready => readiness::clone_unready(&lab).await,
        Rule::ReadyError => readiness::ready_error(&lab).await,
        Rule::Woken => wakers::check(&lab, Way::Straight).await,
        Rule::NewestWoken => wakers::check(&lab, Way::Moved).await,
        Rule::NoSpin => wakers::check(&lab, Way::Quiet).await,
        Rule::CallDropped => cancellation::call_dropped(&lab).await,
        Rule::ReplyDropped => cancellation::reply_dropped(&lab).await,
        Rule::ReleasedAtEnd => release::at_end(&lab).await,
        Rule::ReleasedOnError => release::on_error(&lab).await,
        Rule::ReleasedOnDrop => release::on_drop(&lab).await,
        Rule::ReleasedOnPanic => release::on_panic(&lab).await,
        Rule::IdleReleased => limits::idle_released(&lab).await,
        Rule::TurnPassedOn => limits::turn_passed_on(&lab).await,
        Rule::LimitHolds => limits::holds(&lab).await,
        Rule::SharedByClones => limits::shared_by_clones(&lab).await,
        Rule::SharedByLayer => limits::shared_by_layer(&lab).await,
        Rule::SizeHint => replies::size_hint(&lab).await,
        Rule::ErrorCause => replies::error_cause(&lab).await,
        Rule::NoRuntime => leftovers::no_runtime(&lab).await,
        Rule::NothingLeft => leftovers::nothing_left(lab).await,
    }
}
