//! What objects were written as changes of: hints for whoever writes them into another store.

use std::sync::Arc;

use crate::base::ObjectId;

use super::chain::Chain;
use super::codec::Fault;
use super::codec::delta::Prefix;
use super::frame::Opened;
use super::pack::Pack;
use super::store::Store;

impl Store {
    /// Returns the objects that the copy of this object builds on; none where it builds on none,
    /// or where they cannot be had. Only a hint: whoever builds on them tries it.
    pub fn bases_of(&self, id: &ObjectId) -> Vec<ObjectId> {
        for pack in &self.packs().open {
            for place in pack.find(id.as_bytes()) {
                let Ok(Some(group)) = self.deltas_at(pack, place.offset) else {
                    continue;
                };
                let prefixes = group.bases(place.member);
                let resolved = prefixes.iter().map(|prefix| self.begins_like(prefix));
                return resolved.collect::<Option<_>>().unwrap_or_default();
            }
        }
        Vec::new()
    }

    /// Returns whether the tables list an object whose id begins like this one. Only a hint.
    pub fn may_hold(&self, id: &ObjectId) -> bool {
        self.may_contain(id)
    }

    fn deltas_at(&self, pack: &Pack, offset: u64) -> Result<Option<Arc<Opened>>, Fault> {
        match pack.frame(offset)?.has_bases() {
            false => Ok(None),
            true => self.group(pack, offset).map(Some),
        }
    }

    fn begins_like(&self, prefix: &Prefix) -> Option<ObjectId> {
        let packs = self.packs();
        for pack in &packs.open {
            for place in pack.find(prefix) {
                let read = self.read(pack, place, prefix, &Chain::default());
                if let Ok((_, id)) = read
                    && id.as_bytes().starts_with(prefix)
                {
                    return Some(id);
                }
            }
        }
        None
    }
}
