//! What was unpacked last, kept for a moment.
//!
//! Small objects and deltas share a frame, and whoever reads one usually reads its neighbours next:
//! without this, a checkout of small files would unpack each frame once per file in it. A chunk is
//! the base of what it became, and a diff reads both.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::pack::PackId;

const SHARDS: usize = 8;
/// Bytes kept per shard: 8 MiB in all. A chain of deltas leads through as many groups as it is
/// long, which are small.
const KEPT: usize = 1 << 20;
/// What has more bytes is not kept.
const LARGEST: usize = 160 << 10;

type Key = (PackId, u64);

/// What was unpacked last, by pack and offset.
pub(super) struct Recent<T> {
    shards: [Mutex<Shard<T>>; SHARDS],
}

struct Shard<T> {
    kept: VecDeque<(Key, usize, Arc<T>)>,
    bytes: usize,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        let shard = || Shard {
            kept: VecDeque::new(),
            bytes: 0,
        };
        Self {
            shards: std::array::from_fn(|_| Mutex::new(shard())),
        }
    }
}

impl<T> Recent<T> {
    fn shard(&self, key: &Key) -> std::sync::MutexGuard<'_, Shard<T>> {
        // The low bits of an offset say nothing about which groups are read together.
        let shard = (key.1.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61) as usize % SHARDS;
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was unpacked at a place.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<T>> {
        let shard = self.shard(key);
        let (.., found) = shard.kept.iter().find(|(kept, ..)| kept == key)?;
        Some(found.clone())
    }

    /// Keeps what was unpacked, of so many bytes, in place of the shard's oldest.
    pub(super) fn keep(&self, key: Key, bytes: usize, unpacked: &Arc<T>) {
        if bytes > LARGEST {
            return;
        }
        let mut shard = self.shard(&key);
        if shard.kept.iter().any(|(kept, ..)| *kept == key) {
            return; // another thread unpacked it meanwhile
        }
        shard.bytes += bytes;
        shard.kept.push_back((key, bytes, unpacked.clone()));
        while shard.bytes > KEPT
            && let Some((_, bytes, _)) = shard.kept.pop_front()
        {
            shard.bytes -= bytes;
        }
    }
}
