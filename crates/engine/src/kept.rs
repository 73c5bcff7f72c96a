//! Answers of the store that are kept for as long as nothing is written.
//!
//! Nobody learns anything older than by asking: a write ends all that is kept before its caller is told of it. Where
//! other nodes write, nothing is kept.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use outlink_store::{Error, Store};

/// So many answers are kept at most.
const MOST: usize = 10_000;

/// What the store has said to one kind of question since the last write.
pub(crate) struct Kept<K, V>(Mutex<Answers<K, V>>);

struct Answers<K, V> {
    /// [`Store::epoch`] before any of them was read.
    epoch: u64,
    of: HashMap<K, Arc<V>>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Answers { epoch: 0, of: HashMap::new() }))
    }
}

impl<K: Eq + Hash, V> Kept<K, V> {
    /// What the store says to the question about `key` that `read` asks. That there is nothing is not kept: anybody may
    /// ask about what there is not, and another process may add it.
    pub(crate) async fn ask(
        &self,
        store: &Store,
        key: K,
        read: impl Future<Output = Result<Option<V>, Error>>,
    ) -> Result<Option<Arc<V>>, Error> {
        // Before it is read: what is written meanwhile may not be in the answer.
        let epoch = store.epoch();
        if let Some(known) = epoch.and_then(|epoch| self.at(epoch)?.of.get(&key).cloned()) {
            return Ok(Some(known));
        }
        let Some(answer) = read.await?.map(Arc::new) else { return Ok(None) };
        if let Some(mut answers) = epoch.and_then(|epoch| self.at(epoch)) {
            if answers.of.len() >= MOST {
                answers.of.clear();
            }
            answers.of.insert(key, answer.clone());
        }
        Ok(Some(answer))
    }

    /// What is kept of this epoch, unless that is over. What is older is forgotten.
    fn at(&self, epoch: u64) -> Option<MutexGuard<'_, Answers<K, V>>> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.epoch < epoch {
            answers.of.clear();
            answers.epoch = epoch;
        }
        (answers.epoch == epoch).then_some(answers)
    }
}

#[cfg(test)]
mod tests {
    use outlink_store::Vault;

    use super::*;

    async fn store(dir: &tempfile::TempDir) -> Store {
        let vault = Vault::new(&[7; 32]).unwrap();
        Store::open_sqlite(&dir.path().join("outlink.db"), vault).await.unwrap()
    }

    async fn write(store: &Store) {
        store.pause_calls("host.example", jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_is_kept_until_the_next_write() {
        let dir = tempfile::tempdir().unwrap();
        let (store, kept) = (store(&dir).await, Kept::default());
        let ask = async |says: Option<i32>| {
            kept.ask(&store, "key", async { Ok(says) }).await.unwrap().map(|answer| *answer)
        };
        assert_eq!(ask(None).await, None);
        assert_eq!(ask(Some(1)).await, Some(1), "that there is nothing is not kept");
        assert_eq!(ask(Some(2)).await, Some(1));
        assert_eq!(ask(None).await, Some(1));
        write(&store).await;
        assert_eq!(ask(Some(3)).await, Some(3));
        assert_eq!(ask(Some(4)).await, Some(3));
        write(&store).await;
        assert_eq!(ask(None).await, None);

        let failed = kept.ask(&store, "other", async { Err(Error::Missing) }).await;
        assert!(failed.is_err());
    }

    #[tokio::test]
    async fn what_was_read_while_something_was_written_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (store, kept) = (store(&dir).await, Kept::default());
        let slow = async {
            write(&store).await;
            // Somebody else asks after the write, and is done first.
            kept.ask(&store, "key", async { Ok(Some(2)) }).await?;
            Ok(Some(1))
        };
        // It was asked before the write, so either answer is right; only the newer one may stay.
        assert_eq!(*kept.ask(&store, "key", slow).await.unwrap().unwrap(), 1);
        assert_eq!(*kept.ask(&store, "key", async { Ok(None) }).await.unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn memory_has_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let (store, kept) = (store(&dir).await, Kept::default());
        for n in 0..MOST + 5 {
            kept.ask(&store, n, async { Ok(Some(n)) }).await.unwrap();
        }
        let known = kept.at(store.epoch().unwrap()).unwrap().of.len();
        assert_eq!(known, 5);
    }
}
