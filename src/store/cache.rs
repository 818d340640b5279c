//! Decoded groups, kept for a moment.
//!
//! Small objects share a frame, and whoever reads one usually reads its neighbours next: without
//! this, a checkout of small files would decode each frame once per file in it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::pack::PackId;

/// Groups kept per shard: 8 x 8 of at most 128 KiB make 8 MiB.
const KEPT: usize = 8;
const SHARDS: usize = 8;
/// Frames with more raw bytes are not kept.
const LARGEST: usize = 128 * 1024;

type Key = (PackId, u64);
type Shard = Mutex<VecDeque<(Key, Arc<Vec<u8>>)>>;

/// The groups decoded last, by pack and offset.
#[derive(Default)]
pub(super) struct GroupCache {
    shards: [Shard; SHARDS],
}

impl GroupCache {
    fn shard(&self, key: &Key) -> std::sync::MutexGuard<'_, VecDeque<(Key, Arc<Vec<u8>>)>> {
        // The low bits of an offset say nothing about which groups are read together.
        let shard = (key.1.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61) as usize % SHARDS;
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a decoded group.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Vec<u8>>> {
        let shard = self.shard(key);
        let (_, raw) = shard.iter().find(|(kept, _)| kept == key)?;
        Some(raw.clone())
    }

    /// Keeps a decoded group in place of the shard's oldest.
    pub(super) fn keep(&self, key: Key, raw: &Arc<Vec<u8>>) {
        if raw.len() > LARGEST {
            return;
        }
        let mut shard = self.shard(&key);
        if shard.iter().any(|(kept, _)| *kept == key) {
            return; // another thread decoded it meanwhile
        }
        if shard.len() >= KEPT {
            shard.pop_front();
        }
        shard.push_back((key, raw.clone()));
    }
}
