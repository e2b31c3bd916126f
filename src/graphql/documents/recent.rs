//! A bounded memory of texts: two generations, the older of which goes when the younger is full.

use std::collections::HashMap;
use std::sync::Arc;

/// Remembers at least the last `max / 2` texts that were put or asked for, and never more than `max`.
pub(super) struct Recent {
    half: usize,
    young: HashMap<String, Arc<str>>,
    old: HashMap<String, Arc<str>>,
}

impl Recent {
    pub(super) fn new(max: usize) -> Self {
        Self { half: (max / 2).max(1), young: HashMap::new(), old: HashMap::new() }
    }

    pub(super) fn get(&mut self, key: &str) -> Option<Arc<str>> {
        if let Some(text) = self.young.get(key) {
            return Some(Arc::clone(text));
        }
        let (key, text) = self.old.remove_entry(key)?;
        self.put(key, Arc::clone(&text));
        Some(text)
    }

    /// Texts that are remembered, and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        let texts = self.young.values().chain(self.old.values());
        texts.fold((0, 0), |(count, bytes), text| (count + 1, bytes + text.len()))
    }

    pub(super) fn put(&mut self, key: String, text: Arc<str>) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut recent = Recent::new(10);
        recent.put("kept".to_owned(), "text".into());
        for number in 0..1_000 {
            recent.put(number.to_string(), "other".into());
            assert!(recent.get("kept").is_some(), "{number}");
            assert!(recent.young.len() + recent.old.len() <= 10);
        }
        assert!(recent.get("0").is_none());
    }
}
