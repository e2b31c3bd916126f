//! Where the log goes, and, with the feature `opentelemetry`, where traces go: to the collector that
//! `OTEL_EXPORTER_OTLP_ENDPOINT` names (the other `OTEL_` variables of the specification hold too).
//!
//! Every request is a span, continued from the caller's `traceparent`, with its operation below it. Nobody pays
//! for spans that nobody takes: without a collector they are not made.

use tracing::Span;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::LogFormat;

/// Keeps what is on its way to a collector; dropped, it sends that.
#[derive(Debug)]
#[must_use]
pub struct Telemetry {
    #[cfg(feature = "opentelemetry")]
    provider: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

/// Begins to log to standard error, and to trace where a collector is named. Once per process, and outside a
/// runtime: the exporter has a thread of its own.
///
/// # Errors
/// What is wrong with the filter, or the collector's address.
pub fn start(format: LogFormat) -> Result<Telemetry, String> {
    let filter = match std::env::var("TALKBACK_LOG") {
        Ok(asked) => asked
            .parse()
            .map_err(|error| format!("TALKBACK_LOG is no filter such as info,talkback=debug: {error}"))?,
        Err(_) => EnvFilter::new("info,sqlx=warn,sea_orm_migration=warn"),
    };
    // One filter for all: with one for each layer, an event is lost now and then after somebody (the database's
    // driver) asked whether another would be taken.
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = match format {
        LogFormat::Text => log.with_ansi(false).boxed(),
        LogFormat::Json => log.json().boxed(),
    };
    #[cfg(feature = "opentelemetry")]
    {
        let provider = collector::provider()?;
        let filter = if provider.is_some() { collector::let_spans_through(filter) } else { filter };
        let layer = provider.as_ref().map(collector::layer);
        tracing_subscriber::registry().with(filter).with(log).with(layer).init();
        Ok(Telemetry { provider })
    }
    #[cfg(not(feature = "opentelemetry"))]
    {
        tracing_subscriber::registry().with(filter).with(log).init();
        Ok(Telemetry {})
    }
}

/// Makes a request's span part of its caller's trace, where the caller has one.
#[cfg_attr(not(feature = "opentelemetry"), expect(unused_variables, reason = "nobody would read it"))]
pub fn continue_trace(span: &Span, headers: &http::HeaderMap) {
    #[cfg(feature = "opentelemetry")]
    collector::continue_trace(span, headers);
}

#[cfg(feature = "opentelemetry")]
impl Drop for Telemetry {
    fn drop(&mut self) {
        // A collector that is gone is told of by the exporter; there is nothing else to do.
        let _ = self.provider.take().map(|provider| provider.shutdown());
    }
}

#[cfg(feature = "opentelemetry")]
mod collector {
    use opentelemetry::propagation::TextMapPropagator;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_http::HeaderExtractor;
    use opentelemetry_otlp::SpanExporter;
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::Span;
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    use tracing_subscriber::registry::LookupSpan;
    use tracing_subscriber::{EnvFilter, Layer};

    /// The spans that are exported, which a log does without.
    const SPANS: [&str; 3] =
        ["talkback[request]=debug", "talkback[operation]=debug", "talkback[subscribe]=debug"];
    const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

    /// `None` where no collector is named.
    pub fn provider() -> Result<Option<SdkTracerProvider>, String> {
        if ENDPOINTS.iter().all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty())) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().build();
        let exporter = exporter.map_err(|error| format!("can't export traces: {error}"))?;
        let resource = Resource::builder().with_service_name("talkback").build();
        Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    pub fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("talkback"))
            .with_location(false)
            .with_threads(false)
    }

    /// The log's filter, and the spans.
    pub fn let_spans_through(filter: EnvFilter) -> EnvFilter {
        SPANS.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive)
    }

    pub fn continue_trace(span: &Span, headers: &http::HeaderMap) {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // An error means that nobody takes this span.
        let _ = span.set_parent(parent);
    }
}
