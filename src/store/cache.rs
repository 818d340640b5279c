//! Unpacked groups, kept for a moment.
//!
//! Small objects and deltas share a frame, and whoever reads one usually reads its neighbours next:
//! without this, a checkout of small files would unpack each frame once per file in it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::frame::Opened;
use super::pack::PackId;

const SHARDS: usize = 8;
/// Bytes kept per shard: 8 MiB in all. A chain of deltas leads through as many groups as it is
/// long, which are small.
const KEPT: usize = 1 << 20;
/// Groups of more bytes are not kept.
const LARGEST: usize = 160 << 10;

type Key = (PackId, u64);

/// The groups unpacked last, by pack and offset.
#[derive(Default)]
pub(super) struct GroupCache {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    groups: VecDeque<(Key, Arc<Opened>)>,
    bytes: usize,
}

impl GroupCache {
    fn shard(&self, key: &Key) -> std::sync::MutexGuard<'_, Shard> {
        // The low bits of an offset say nothing about which groups are read together.
        let shard = (key.1.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61) as usize % SHARDS;
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an unpacked group.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Opened>> {
        let shard = self.shard(key);
        let (_, group) = shard.groups.iter().find(|(kept, _)| kept == key)?;
        Some(group.clone())
    }

    /// Keeps an unpacked group in place of the shard's oldest.
    pub(super) fn keep(&self, key: Key, group: &Arc<Opened>) {
        let size = group.len();
        if size > LARGEST {
            return;
        }
        let mut shard = self.shard(&key);
        if shard.groups.iter().any(|(kept, _)| *kept == key) {
            return; // another thread unpacked it meanwhile
        }
        shard.bytes += size;
        shard.groups.push_back((key, group.clone()));
        while shard.bytes > KEPT
            && let Some((_, oldest)) = shard.groups.pop_front()
        {
            shard.bytes -= oldest.len();
        }
    }
}
