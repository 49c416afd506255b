//! Labels, names, and how many of them there may be.

use crate::script::{Ask, Script, ask};
use crate::support::recorded;
use metrics::Unit;
use std::future::ready;
use std::io;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::BoxError;
use tower_transport_layers::metrics::MetricsLayer;
use tower_transport_layers::observe::{Kinds, kind_of};

#[test]
fn method_of_a_peer_is_no_label_unless_it_is_given_one() {
    let recorded = recorded(async {
        let mut service = MetricsLayer::new().layer(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
        for n in 0..1000 {
            service
                .ready()
                .await
                .unwrap()
                .call(ask(&format!("evil/{n}")))
                .await
                .unwrap();
        }
    });
    assert_eq!(recorded.outcomes(), [1000, 0, 0, 0]);
    assert_eq!(recorded.values.len(), 10, "{:?}", recorded.values.keys());
}

#[test]
fn methods_of_a_list_are_told_apart_and_all_others_are_other() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new().one_of(&["tools/call", "tools/list"]);
        let mut service = layer.layer(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
        for method in ["tools/call", "evil/1", "tools/call", "evil/2", "evil/3"] {
            service.ready().await.unwrap().call(ask(method)).await.unwrap();
        }
    });
    let calls = |method| recorded.counter(&format!("exchange_calls_total{{method={method},outcome=ok}}"));
    assert_eq!([calls("tools/call"), calls("other")], [2, 3]);
    assert_eq!(calls("tools/list"), 0, "there before the first call");
    assert_eq!(recorded.values.len(), 3 * 10);
}

#[test]
fn function_of_methods_is_bounded_even_if_it_makes_them_up() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new().methods(|ask: &Ask| &*ask.method.clone().leak());
        let mut service = layer.layer(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
        for n in 0..200 {
            service
                .ready()
                .await
                .unwrap()
                .call(ask(&format!("m{n}")))
                .await
                .unwrap();
        }
    });
    assert_eq!(recorded.counter("exchange_calls_total{method=m63,outcome=ok}"), 1);
    assert_eq!(recorded.counter("exchange_calls_total{method=other,outcome=ok}"), 136);
    assert_eq!(recorded.values.len(), 65 * 10);
}

#[test]
fn kinds_are_by_function_and_bounded_even_if_it_makes_them_up() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new().kinds(|error: &io::Error| &*error.to_string().leak());
        let mut n = 0;
        let mut service = layer.layer(service_fn(move |_: Ask| {
            n += 1;
            ready(Err::<Script, _>(io::Error::other(format!("k{n}"))))
        }));
        for _ in 0..100 {
            service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
        }
    });
    assert_eq!(recorded.counter("exchange_errors_total{kind=k32}"), 1);
    assert_eq!(recorded.counter("exchange_errors_total{kind=other}"), 68);
    assert_eq!(recorded.values.len(), 10 + 33);
}

#[test]
fn default_kinds_look_through_the_chain_of_a_boxed_error() {
    assert_eq!(().kind(&BoxError::from("plain")), "error");
    assert_eq!(().kind(&BoxError::from(io::Error::other("deep"))), "io");
    assert_eq!(().kind(&io::Error::other("bare")), "io");
    assert_eq!(().kind(&std::fmt::Error), "error");
    assert_eq!(kind_of(&std::fmt::Error), "error");
}

#[cfg(all(
    feature = "timeout",
    feature = "in-flight",
    feature = "max-message-size",
    feature = "buffer-pool",
    feature = "catch-panic",
    feature = "drain"
))]
#[test]
fn default_kinds_name_the_errors_of_this_crate() {
    use tower_transport_layers::in_flight::Overloaded;
    use tower_transport_layers::in_flight::bytes::{BytesOverloaded, NeverFits};
    use tower_transport_layers::max_message_size::{Direction, TooLarge, TooManyItems};
    use tower_transport_layers::{buffer_pool, catch_panic, drain, timeout};
    let elapsed = timeout::Elapsed::new(timeout::Phase::Idle, std::time::Duration::ZERO);
    assert_eq!(().kind(&BoxError::from(io::Error::other(elapsed))), "timeout");
    assert_eq!(kind_of(&Overloaded::new(1, 1, None)), "overloaded");
    assert_eq!(kind_of(&BytesOverloaded::new(1, 1, 1, None)), "overloaded");
    assert_eq!(kind_of(&NeverFits::new(1, 2)), "too_large");
    assert_eq!(kind_of(&TooLarge::new(Direction::Request, 1, 2)), "too_large");
    assert_eq!(kind_of(&buffer_pool::TooLarge::new(1, 2)), "too_large");
    assert_eq!(kind_of(&TooManyItems::new(1)), "too_many_items");
    let panicked = catch_panic::Panicked::new(catch_panic::Place::Call, None);
    assert_eq!(kind_of(&panicked), "panicked");
    assert_eq!(kind_of(&drain::Draining::new(1)), "draining");
    assert_eq!(kind_of(&drain::Interrupted::new(1)), "interrupted");
}

#[test]
fn prefix_and_labels_are_on_every_series_and_all_are_described() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new()
            .prefix("gateway")
            .label("edge", "http")
            .label("zone", "b".to_owned());
        let mut service = layer.layer(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
        service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    });
    for series in recorded.values.keys() {
        assert!(
            series.starts_with("gateway_") && series.contains("edge=http,zone=b"),
            "{series}"
        );
    }
    assert_eq!(recorded.counter("gateway_errors_total{edge=http,zone=b,kind=io}"), 1);
    assert_eq!(recorded.units.len(), 8);
    for (name, unit) in &recorded.units {
        let (unit, _text) = unit.as_ref().unwrap_or_else(|| panic!("{name} is not described"));
        let expected = match name {
            name if name.contains("bytes") => Unit::Bytes,
            name if name.ends_with("seconds") => Unit::Seconds,
            _ => Unit::Count,
        };
        assert_eq!(*unit, expected, "{name}");
    }
}

// PITFALLS 2
#[test]
fn clones_and_repeated_layers_share_their_handles_and_other_names_do_not() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new();
        let inner = || service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([]))));
        for mut service in [
            layer.layer(inner()),
            layer.clone().layer(inner()),
            layer.layer(inner()).clone(),
        ] {
            service.ready().await.unwrap().call(ask("a")).await.unwrap();
        }
        let mut other = layer.prefix("other").layer(inner());
        other.ready().await.unwrap().call(ask("a")).await.unwrap();
    });
    assert_eq!(recorded.outcomes(), [3, 0, 0, 0]);
    assert_eq!(recorded.counter("other_calls_total{outcome=ok}"), 1);
}
