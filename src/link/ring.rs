//! A wait-free ring of two tiers: a small one that is in memory from the start, and a large one behind it.
//!
//! The first touch of memory is a call into the kernel, which the audio thread must not make. So all that is sent goes
//! through the small tier, whose memory is touched when the ring is made, as long as the reader keeps up. Only when
//! it is full does the large tier take over, until the reader has emptied that: its memory is only reserved until the
//! reader [brings it in](Untouched::bring_in). A ring that is small anyway has no large tier.
//!
//! What the small tier holds is always older than what the large one holds: the producer comes back to the small tier
//! only when the large one is empty.

use super::Full;
use rtrb::chunks::{ReadChunk, WriteChunkUninit};
use rtrb::{RingBuffer, chunks::ChunkError};
use std::mem::MaybeUninit;

/// How many items a ring holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// In memory from the start.
    pub resident: usize,
    /// Behind that, for a reader that is late; 0 for none.
    pub overflow: usize,
}

/// Makes both ends of a ring and touches the memory of its small tier.
pub(super) fn ring<T: Copy>(capacity: Capacity, blank: T) -> (Producer<T>, Consumer<T>) {
    let (mut resident, resident_out) = RingBuffer::new(capacity.resident);
    touch(&mut resident, blank);
    let (mut overflow, overflow_out) = RingBuffer::new(capacity.overflow);
    let untouched = Some(Untouched::of(&mut overflow));
    let producer = Producer { resident, overflow, is_in_overflow: false };
    (producer, Consumer { resident: resident_out, overflow: overflow_out, untouched })
}

fn touch<T: Copy>(ring: &mut rtrb::Producer<T>, blank: T) {
    let slots = ring.slots();
    if let Ok(mut chunk) = ring.write_chunk_uninit(slots) {
        let (first, second) = chunk.as_mut_slices();
        first.fill(MaybeUninit::new(blank));
        second.fill(MaybeUninit::new(blank));
        // Without a commit nothing was sent.
    }
}

/// The audio thread's end. Wait-free.
#[derive(Debug)]
pub(super) struct Producer<T> {
    resident: rtrb::Producer<T>,
    overflow: rtrb::Producer<T>,
    is_in_overflow: bool,
}

impl<T> Producer<T> {
    /// Room for `items` items that are sent together.
    pub(super) fn room(&mut self, items: usize) -> Result<WriteChunkUninit<'_, T>, Full> {
        if self.turns_to_overflow(items) {
            self.overflow.write_chunk_uninit(items).map_err(|ChunkError::TooFewSlots(_)| Full)
        } else {
            self.resident.write_chunk_uninit(items).map_err(|ChunkError::TooFewSlots(_)| Full)
        }
    }

    /// Whether [`room`](Self::room) has room for `items` items.
    pub(super) fn has_room(&mut self, items: usize) -> bool {
        self.room(items).is_ok()
    }

    /// Sends one item.
    pub(super) fn push(&mut self, item: T) -> Result<(), Full> {
        let tier = if self.turns_to_overflow(1) { &mut self.overflow } else { &mut self.resident };
        tier.push(item).map_err(|_| Full)
    }

    /// Chooses the tier that takes the next `items` items.
    fn turns_to_overflow(&mut self, items: usize) -> bool {
        if self.is_in_overflow {
            self.is_in_overflow = self.overflow.slots() < self.overflow.buffer().capacity();
        }
        // The cached number asks no atomic that the reader writes.
        self.is_in_overflow |= self.resident.cached_slots() < items && self.resident.slots() < items;
        self.is_in_overflow
    }

    /// Free items of both tiers as of now.
    pub(super) fn free(&self) -> usize {
        self.resident.slots() + self.overflow.slots()
    }

    /// Whether more than half of the larger tier is filled.
    pub(super) fn is_over_half(&self) -> bool {
        let has_overflow = self.overflow.buffer().capacity() > 0;
        let larger = if has_overflow { &self.overflow } else { &self.resident };
        let half = larger.buffer().capacity() / 2;
        // The cached number is never too high.
        larger.cached_slots() < half && larger.slots() < half
    }

    /// Whether nobody reads the ring any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.resident.is_abandoned()
    }
}

/// The reading end. The audio thread never touches it.
#[derive(Debug)]
pub(super) struct Consumer<T> {
    resident: rtrb::Consumer<T>,
    overflow: rtrb::Consumer<T>,
    untouched: Option<Untouched>,
}

/// A tier of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tier {
    Resident,
    Overflow,
}

impl<T: Copy> Consumer<T> {
    /// The tier that holds the oldest items, and how many of them were seen there.
    fn oldest(&self) -> Option<(Tier, usize)> {
        // The large tier is asked first: were it asked second, the producer could in between have filled the small
        // one, found empty, and gone on behind it.
        let behind = self.overflow.slots();
        match (self.resident.slots(), behind) {
            (0, 0) => None,
            (0, behind) => Some((Tier::Overflow, behind)),
            (first, _) => Some((Tier::Resident, first)),
        }
    }

    /// The oldest `items` items, or as many of them as lie together.
    pub(super) fn chunk(&mut self, items: usize) -> Option<ReadChunk<'_, T>> {
        let (tier, there) = self.oldest()?;
        let tier = match tier {
            Tier::Resident => &mut self.resident,
            Tier::Overflow => &mut self.overflow,
        };
        tier.read_chunk(items.min(there)).ok()
    }

    /// The oldest item.
    pub(super) fn peek(&self) -> Option<T> {
        let (tier, _) = self.oldest()?;
        let tier = match tier {
            Tier::Resident => &self.resident,
            Tier::Overflow => &self.overflow,
        };
        tier.peek().ok().copied()
    }

    /// Takes the oldest item.
    pub(super) fn pop(&mut self) -> Option<T> {
        let chunk = self.chunk(1)?;
        let item = chunk.as_slices().0.first().copied();
        chunk.commit_all();
        item
    }

    /// Items that wait.
    pub(super) fn waiting(&self) -> usize {
        let behind = self.overflow.slots();
        behind + self.resident.slots()
    }

    /// Whether more than half of the larger tier is filled.
    pub(super) fn is_over_half(&self) -> bool {
        let larger = if self.overflow.buffer().capacity() > 0 { &self.overflow } else { &self.resident };
        larger.slots() > larger.buffer().capacity() / 2
    }

    /// Items that the small tier holds when it is full.
    pub(super) fn resident_capacity(&self) -> usize {
        self.resident.buffer().capacity()
    }

    /// Items that the larger tier holds when it is full.
    pub(super) fn larger_capacity(&self) -> usize {
        self.overflow.buffer().capacity().max(self.resident.buffer().capacity())
    }

    /// The memory of the large tier, to be [brought in](Untouched::bring_in); the first time only.
    pub(super) fn take_untouched(&mut self) -> Option<Untouched> {
        self.untouched.take()
    }

    /// Whether the producer is gone. What it sent may still wait.
    pub(super) fn is_abandoned(&self) -> bool {
        self.resident.is_abandoned()
    }
}

/// Where the memory of a ring lies that nobody has touched yet.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "other systems have no call that puts memory there"))]
pub(super) struct Untouched {
    address: usize,
    bytes: usize,
}

impl Untouched {
    fn of<T>(ring: &mut rtrb::Producer<T>) -> Self {
        let slots = ring.slots();
        let memory = ring.write_chunk_uninit(slots).map(|mut chunk| {
            let (first, _) = chunk.as_mut_slices();
            (first.as_ptr().addr(), size_of_val(first))
        });
        let (address, bytes) = memory.unwrap_or_default();
        Self { address, bytes }
    }

    /// Has the system put memory there, so that the producer's first touch of it is no call into the kernel. May take
    /// milliseconds, so nobody's lock is to be held meanwhile; does nothing where the system cannot do it.
    #[cfg(target_os = "linux")]
    pub(super) fn bring_in(self) {
        const PAGE: usize = 4096;
        let start = self.address / PAGE * PAGE;
        let bytes = (self.address + self.bytes).next_multiple_of(PAGE) - start;
        if self.bytes > 0 {
            // SAFETY: MADV_POPULATE_WRITE reads and changes no content, so it needs nothing of what lies there. A kernel
            // that does not know it (before 5.14) or has larger pages refuses, and nothing has happened.
            unsafe { libc::madvise(std::ptr::without_provenance_mut(start), bytes, libc::MADV_POPULATE_WRITE) };
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn bring_in(self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn small() -> (Producer<u32>, Consumer<u32>) {
        ring(Capacity { resident: 4, overflow: 16 }, 0)
    }

    proptest! {
        #[test]
        fn items_stay_in_order_through_both_tiers(turns in prop::collection::vec((0usize..8, 0usize..8), 0..200)) {
            let (mut producer, mut consumer) = small();
            let (mut sent, mut received) = (0, 0);
            for (pushes, pops) in turns {
                for _ in 0..pushes {
                    sent += u32::from(producer.push(sent).is_ok());
                }
                for _ in 0..pops {
                    if let Some(item) = consumer.pop() {
                        prop_assert_eq!(item, received);
                        received += 1;
                    }
                }
                prop_assert_eq!(consumer.waiting(), (sent - received) as usize);
                prop_assert_eq!(producer.free() + consumer.waiting(), 20);
            }
        }
    }

    #[test]
    fn a_reader_that_keeps_up_leaves_the_large_tier_untouched() {
        let (mut producer, mut consumer) = small();
        for item in 0..100 {
            producer.push(item).unwrap();
            assert!(!producer.is_in_overflow);
            assert_eq!(consumer.pop(), Some(item));
        }
    }

    #[test]
    fn both_tiers_are_filled_before_the_ring_is_full_and_the_small_one_is_used_again_after() {
        let (mut producer, mut consumer) = small();
        assert_eq!((0..30).take_while(|&item| producer.push(item).is_ok()).count(), 20);
        assert!(producer.is_over_half());
        while consumer.pop().is_some() {}
        assert!(producer.has_room(4) && !producer.is_in_overflow && !producer.is_over_half());
    }

    #[test]
    fn a_ring_without_a_large_tier_is_full_when_its_small_one_is() {
        let (mut producer, mut consumer) = ring(Capacity { resident: 4, overflow: 0 }, 0);
        assert_eq!((0..30).take_while(|&item| producer.push(item).is_ok()).count(), 4);
        assert!(producer.is_over_half() && consumer.is_over_half());
        assert_eq!(consumer.pop(), Some(0));
        assert!(producer.push(4).is_ok() && producer.push(5).is_err());
        assert_eq!(std::iter::from_fn(|| consumer.pop()).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!(!producer.is_over_half());
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn memory_that_was_brought_in_costs_the_producer_no_page_fault_and_keeps_what_it_holds() {
        let (mut producer, mut consumer) = ring(Capacity { resident: 1_000, overflow: 4 << 20 }, 0_u32);
        (0..3_000).for_each(|item| producer.push(item).unwrap());
        consumer.take_untouched().unwrap().bring_in();
        let before = page_faults();
        (3_000..2 << 20).for_each(|item| producer.push(item).unwrap());
        assert_eq!(page_faults() - before, 0);
        (0..2 << 20).for_each(|item| assert_eq!(consumer.pop(), Some(item)));
    }

    /// Page faults of this thread so far.
    #[cfg(all(target_os = "linux", not(miri)))]
    fn page_faults() -> i64 {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: `usage` has room for what the call writes, and zeroes are a valid one.
        unsafe {
            libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
            usage.assume_init().ru_minflt
        }
    }

    #[test]
    fn a_reader_on_another_thread_sees_every_item_once_and_in_order() {
        let (mut producer, mut consumer) = small();
        let most = if cfg!(miri) { 300 } else { 300_000 };
        let reader = std::thread::spawn(move || {
            for expected in 0..most {
                let item = std::iter::repeat_with(|| consumer.pop()).find_map(|item| {
                    item.is_none().then(std::thread::yield_now);
                    item
                });
                assert_eq!(item, Some(expected));
            }
        });
        for item in 0..most {
            while producer.push(item).is_err() {
                std::thread::yield_now();
            }
        }
        reader.join().unwrap();
    }
}
