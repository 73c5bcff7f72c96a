//! Questions to the store that many callers have at once, asked once for all of them.
//!
//! Nothing is remembered: a caller is answered by a question that was put after the call, never by one that was under way
//! already. So nobody learns anything older than by asking alone, and a token that was taken back opens nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

/// One question that any number of callers wait for.
type Question<V> = Shared<BoxFuture<'static, V>>;
/// The callers alone keep it: a question that all of them have left is given up, with its connection to the store.
type Asked<V> = WeakShared<BoxFuture<'static, V>>;

/// With more keys than this, those are looked for whose callers have all left.
const CROWD: usize = 1000;

/// The questions under way.
pub(crate) struct Gather<K, V>(Arc<Mutex<HashMap<K, Turns<V>>>>);

/// What is known of one key.
struct Turns<V> {
    /// Counts the questions, to tell one from the next.
    number: u64,
    /// The question that is being asked.
    asked: Option<Asked<V>>,
    /// The one that is asked after it, by all who come meanwhile.
    next: Option<Asked<V>>,
}

impl<V> Default for Turns<V> {
    fn default() -> Self {
        Self { number: 0, asked: None, next: None }
    }
}

impl<K, V> Default for Gather<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, V> Gather<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The answer to a question about `key` that is asked from now on: by `ask`, or by somebody who came a moment ago.
    pub(crate) async fn ask<F>(&self, key: K, ask: F) -> V
    where
        F: Future<Output = V> + Send + 'static,
    {
        let question = self.join(key, ask);
        question.await
    }

    fn join<F>(&self, key: K, ask: F) -> Question<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut all = locked(&self.0);
        if all.len() > CROWD {
            all.retain(|_, turns| is_alive(&turns.asked) || is_alive(&turns.next));
        }
        let turns = all.entry(key.clone()).or_default();
        if let Some(next) = turns.next.as_ref().and_then(WeakShared::upgrade) {
            return next;
        }
        turns.number += 1;
        let before = turns.asked.as_ref().and_then(WeakShared::upgrade);
        let question = turn(self.0.clone(), key, turns.number, before, ask).boxed().shared();
        turns.next = question.downgrade();
        question
    }
}

/// Waits until the question before is answered, asks, and clears away what is over.
async fn turn<K: Clone + Eq + Hash, V: Clone>(
    all: Arc<Mutex<HashMap<K, Turns<V>>>>,
    key: K,
    number: u64,
    before: Option<Question<V>>,
    ask: impl Future<Output = V>,
) -> V {
    if let Some(before) = before {
        before.await;
    }
    // From here on nobody joins: whoever comes now may know of something that this question comes too early for.
    if let Some(turns) = locked(&all).get_mut(&key) {
        turns.asked = turns.next.take();
    }
    let answer = ask.await;
    let mut all = locked(&all);
    // Where another question waits already, it takes this one's place itself.
    if all.get(&key).is_some_and(|turns| turns.number == number && turns.next.is_none()) {
        all.remove(&key);
    }
    answer
}

fn is_alive<V>(question: &Option<Asked<V>>) -> bool {
    question.as_ref().and_then(WeakShared::upgrade).is_some()
}

fn locked<T>(all: &Mutex<T>) -> MutexGuard<'_, T> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn callers_at_once_share_a_question_that_is_asked_after_they_came() {
        let (gather, asked) = (Arc::new(Gather::default()), Arc::new(AtomicU32::new(0)));
        let call = |after: u64| {
            let (gather, asked) = (gather.clone(), asked.clone());
            async move {
                sleep(Duration::from_millis(after)).await;
                let seen = asked.load(Ordering::SeqCst);
                let answer = gather
                    .ask(7, async move {
                        let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
                        sleep(Duration::from_millis(100)).await;
                        number
                    })
                    .await;
                assert!(answer > seen, "{answer} was asked before the call, which saw {seen}");
            }
        };
        futures_util::future::join_all((0..60).map(|n| call(n * 2))).await;
        assert!((2..=4).contains(&asked.load(Ordering::SeqCst)), "{asked:?} questions");
        assert!(locked(&gather.0).is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn a_caller_that_leaves_holds_nobody_up() {
        let gather = Gather::default();
        let ask = || async {
            sleep(Duration::from_millis(50)).await;
            1
        };
        let left = tokio::time::timeout(Duration::from_millis(10), gather.ask("key", ask())).await;
        assert!(left.is_err());
        assert_eq!(gather.ask("key", ask()).await, 1);
        assert!(locked(&gather.0).is_empty());
    }
}
