//! Items of a fixed size in partitions, in bounded memory: what does not fit goes to a file.
//!
//! Invariant: a partition gives back all items that were pushed to it. Their order is that of
//! pushing only while nothing was spilled, so whoever needs an order sorts.

use std::sync::Arc;

use crate::base::{IoError, ScratchFile};

/// How many partitions there are.
pub(crate) const PARTS: usize = 64;

/// What can be spilled.
pub(crate) trait Item: Copy + Send + Sync {
    /// How many bytes it is written in.
    const SIZE: usize;

    /// Appends its [`Item::SIZE`] bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads it back.
    fn read(bytes: &[u8]) -> Self;
}

/// Reads the next number of an item.
pub(crate) fn number<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    match bytes.split_first_chunk() {
        Some((number, rest)) => {
            *bytes = rest;
            *number
        }
        None => [0; N],
    }
}

/// Items of one partition.
pub(crate) struct Part<T> {
    items: Vec<T>,
    /// Where the spilled ones lie, and how many.
    spilled: Vec<(u64, usize)>,
    file: Option<Arc<ScratchFile>>,
}

impl<T: Item> Part<T> {
    /// Returns a partition of items that are in memory.
    pub(crate) fn held(items: Vec<T>) -> Self {
        Self {
            items,
            spilled: Vec::new(),
            file: None,
        }
    }

    /// Reads all items.
    pub(crate) fn load(self) -> Result<Vec<T>, IoError> {
        let mut items = self.items;
        let Some(file) = self.file else {
            return Ok(items);
        };
        items.reserve_exact(self.spilled.iter().map(|(_, count)| count).sum());
        let mut bytes = Vec::new();
        for (start, count) in self.spilled {
            bytes.resize(count * T::SIZE, 0);
            file.read_at(start, &mut bytes)?;
            items.extend(bytes.chunks_exact(T::SIZE).map(T::read));
        }
        Ok(items)
    }
}

/// Items in partitions.
pub(crate) struct Spool<T> {
    parts: Vec<Vec<T>>,
    spilled: Vec<Vec<(u64, usize)>>,
    held: usize,
    /// How many items may be in memory.
    most: usize,
    file: Option<ScratchFile>,
}

impl<T: Item> Spool<T> {
    /// Returns an empty one that holds at most so many bytes in memory.
    pub(crate) fn new(memory: usize) -> Self {
        Self {
            parts: (0..PARTS).map(|_| Vec::new()).collect(),
            spilled: vec![Vec::new(); PARTS],
            held: 0,
            most: memory / size_of::<T>().max(1),
            file: None,
        }
    }

    /// Adds an item to a partition.
    pub(crate) fn push(&mut self, part: usize, item: T) -> Result<(), IoError> {
        self.parts[part].push(item);
        self.held += 1;
        if self.held > self.most {
            self.spill()?;
        }
        Ok(())
    }

    /// Returns the item that was pushed last to a partition, where it is in memory.
    pub(crate) fn last(&mut self, part: usize) -> Option<&mut T> {
        self.parts[part].last_mut()
    }

    fn spill(&mut self) -> Result<(), IoError> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => ScratchFile::create()?,
        };
        let mut start = file.len();
        let mut bytes = Vec::with_capacity(self.held * T::SIZE);
        for (items, spilled) in self.parts.iter_mut().zip(&mut self.spilled) {
            if items.is_empty() {
                continue;
            }
            items.iter().for_each(|item| item.write(&mut bytes));
            spilled.push((start, items.len()));
            start += (items.len() * T::SIZE) as u64;
            *items = Vec::new();
        }
        file.append(&bytes)?;
        self.file = Some(file);
        self.held = 0;
        Ok(())
    }

    /// Returns whether there are no items.
    pub(crate) fn is_empty(&self) -> bool {
        self.held == 0 && self.file.is_none()
    }

    /// Returns whether items went to a file.
    #[cfg(test)]
    pub(crate) fn has_spilled(&self) -> bool {
        self.file.is_some()
    }

    /// Returns the partitions.
    pub(crate) fn into_parts(self) -> Vec<Part<T>> {
        let file = self.file.map(Arc::new);
        let parts = self.parts.into_iter().zip(self.spilled);
        parts
            .map(|(items, spilled)| Part {
                items,
                spilled,
                file: file.clone(),
            })
            .collect()
    }

    /// Reads the items of all partitions.
    pub(crate) fn into_items(self) -> Result<Vec<T>, IoError> {
        let mut all = Vec::new();
        for part in self.into_parts() {
            all.append(&mut part.load()?);
        }
        Ok(all)
    }
}

impl<T: Item> std::fmt::Debug for Spool<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}
