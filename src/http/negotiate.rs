//! Content negotiation as far as GraphQL over HTTP needs it.

use http::{HeaderMap, header};

/// How an answer is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Media {
    /// `application/graphql-response+json`: the status says whether the request was good.
    GraphQl,
    /// `application/json`: a well-formed request is always 200.
    Json,
    /// `text/event-stream`.
    Events,
}

impl Media {
    const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::GraphQl => ("application", "graphql-response+json"),
            Self::Json => ("application", "json"),
            Self::Events => ("text", "event-stream"),
        }
    }

    /// The `Content-Type` of such an answer.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Events => "text/event-stream; charset=utf-8",
        }
    }
}

/// In the order of our own preference, where a client has none.
const OFFERED: [Media; 3] = [Media::Json, Media::GraphQl, Media::Events];
/// The same for a client that names [`Media::GraphQl`], and so knows how to read it.
const OFFERED_BY_NAME: [Media; 3] = [Media::GraphQl, Media::Json, Media::Events];

/// What the client likes best of what there is; `None`: nothing of it. A client that says nothing gets JSON.
#[must_use]
pub fn accepted(headers: &HeaderMap) -> Option<Media> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut values = values.filter(|value| !value.trim().is_empty()).peekable();
    if values.peek().is_none() {
        return Some(Media::Json);
    }
    let ranges: Vec<Range> = values.flat_map(|value| value.split(',')).filter_map(Range::parse).collect();
    let knows = ranges.iter().any(|range| range.exactness(Media::GraphQl) == Some(2));
    let offered = if knows { OFFERED_BY_NAME } else { OFFERED };
    offered
        .into_iter()
        .filter_map(|media| Some((media, quality(&ranges, media)?)))
        .filter(|(_, quality)| quality.0 > 0)
        // The last maximum wins in `max_by_key`, the first is to.
        .rev()
        .max_by_key(|(_, quality)| *quality)
        .map(|(media, _)| media)
}

struct Range<'a> {
    kind: &'a str,
    subkind: &'a str,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subkind) = parts.next()?.split_once('/')?;
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(Some(1.0), |q| q.parse::<f32>().ok())?
            .clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        Some(Self { kind, subkind, quality: (quality * 1000.0) as u16 })
    }

    /// How exactly it names a media type: 2 in full, 1 by kind, 0 anything.
    fn exactness(&self, media: Media) -> Option<u8> {
        let (kind, subkind) = media.name();
        match (self.kind, self.subkind) {
            ("*", "*") => Some(0),
            (range, "*") if range.eq_ignore_ascii_case(kind) => Some(1),
            (range, sub) if range.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subkind) => Some(2),
            _ => None,
        }
    }
}

/// The quality of the most exact range that names it (RFC 9110, section 12.5.1), and that exactness.
fn quality(ranges: &[Range<'_>], media: Media) -> Option<(u16, u8)> {
    ranges
        .iter()
        .filter_map(|range| Some((range.exactness(media)?, range.quality)))
        .max()
        .map(|(exactness, quality)| (quality, exactness))
}

/// Whether a body is JSON in UTF-8, by its content type. What a form or a plain text could send is not:
/// another site's page may send those without asking. Two content types are none.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let is_utf8 = |part: &str| {
        part.split_once('=').is_none_or(|(name, charset)| {
            // Without the hyphen it is a label of the same encoding (WHATWG Encoding, section 4.2).
            let is_label = |label: &str| charset.trim_matches('"').eq_ignore_ascii_case(label);
            !name.eq_ignore_ascii_case("charset") || is_label("utf-8") || is_label("utf8")
        })
    };
    is_json && parts.all(is_utf8)
}

/// How a body is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
}

/// How the body of a request is packed; `None`: in a way that is not understood here, or twice.
#[must_use]
pub fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let mut found = Encoding::Identity;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        for coding in value.to_str().ok()?.split(',').map(str::trim).filter(|coding| !coding.is_empty()) {
            let is_gzip = coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip");
            match found {
                Encoding::Identity if is_gzip => found = Encoding::Gzip,
                Encoding::Identity | Encoding::Gzip if coding.eq_ignore_ascii_case("identity") => {}
                Encoding::Identity | Encoding::Gzip => return None,
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        if let Ok(value) = value.parse() {
            headers.insert(header::ACCEPT, value);
        }
        accepted(&headers)
    }

    #[test]
    fn gzip_is_the_one_way_to_pack_a_body() {
        let encoding = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, value.parse().expect("a header"));
            encoding(&headers)
        };
        assert_eq!(encoding("identity"), Some(Encoding::Identity));
        assert_eq!(encoding("GZIP"), Some(Encoding::Gzip));
        for other in ["br", "deflate", "gzip, gzip", "gzip, br", "zstd", "é"] {
            assert_eq!(encoding(other), None, "{other}");
        }
    }

    #[test]
    fn a_body_is_json_in_utf_8_and_says_so_once() {
        let is_json = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_TYPE, value.parse().expect("a header"));
            }
            is_json(&headers)
        };
        for good in
            ["application/json", "Application/JSON; charset=\"UTF-8\"", "application/json;charset=UTF8"]
        {
            assert!(is_json(&[good]), "{good}");
        }
        for bad in ["text/plain", "application/json; charset=latin1", ""] {
            assert!(!is_json(&[bad]), "{bad}");
        }
        assert!(!is_json(&[]) && !is_json(&["application/json", "text/plain"]));
    }

    #[test]
    fn the_client_decides_and_we_break_ties() {
        assert_eq!(accepted(&HeaderMap::new()), Some(Media::Json));
        assert_eq!(accept("*/*"), Some(Media::Json));
        assert_eq!(accept(" "), Some(Media::Json), "nothing said");
        assert_eq!(accept("application/graphql-response+json, application/json;q=0.9"), Some(Media::GraphQl));
        assert_eq!(accept("application/json;q=0.2, */*;q=0.1"), Some(Media::Json));
        let both = "application/json, application/graphql-response+json, text/event-stream";
        assert_eq!(accept(both), Some(Media::GraphQl), "who names it can read it");
        assert_eq!(accept("application/json, application/graphql-response+json;q=0.9"), Some(Media::Json));
        assert_eq!(accept("text/event-stream"), Some(Media::Events));
        assert_eq!(accept("application/json;q=0, text/*"), Some(Media::Events));
        assert_eq!(accept("image/png"), None);
    }
}
