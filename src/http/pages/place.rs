//! A place in a list, as the addresses of pages have it: the sort key and the id of the row before it.

use uuid::Uuid;

use super::problem::Problem;
use crate::store::Keyset;

/// The place as text, for an address.
pub fn encode(Keyset { key, id }: Keyset) -> String {
    format!("{key}-{}", id.simple())
}

/// The place that an address names, if it names one.
///
/// # Errors
/// [`Problem::NotFound`]: it is none.
pub fn decode(text: Option<&str>) -> Result<Option<Keyset>, Problem> {
    let place = |text: &str| {
        let (key, id) = text.rsplit_once('-')?;
        Some(Keyset { key: key.parse().ok()?, id: Uuid::try_parse(id).ok()? })
    };
    text.map(|text| place(text).ok_or(Problem::NotFound)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again() {
        for key in [0, -5, i64::MAX] {
            let place = Keyset { key, id: Uuid::from_u128(7) };
            assert_eq!(decode(Some(&encode(place))).ok().flatten(), Some(place));
        }
        for bad in ["", "-", "1-", "x-00000000000000000000000000000007", "1"] {
            assert!(decode(Some(bad)).is_err(), "{bad}");
        }
    }
}
