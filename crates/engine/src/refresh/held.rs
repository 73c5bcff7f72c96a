//! Writes that are held until the store takes them. Keeps **No lost grant** while the store is away.

use std::time::Duration;

use outlink_store::Error as StoreError;
use tokio::time::sleep;

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(5);

/// Repeats a write until the store takes it or says why it never will. For answers of providers, which may be the only
/// copy of a refresh token that there is.
pub(crate) async fn held<T, F>(mut write: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut wait = Duration::from_millis(100);
    loop {
        match write().await {
            Err(error @ (StoreError::Away(_) | StoreError::Broken(_) | StoreError::Key(_))) => {
                tracing::error!(%error, "fresh tokens are held until the store takes them");
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST);
            }
            settled => return settled,
        }
    }
}

/// The same for what must be read on the way to such a write. What is damaged does not mend itself: only a store that
/// is away is waited for.
pub(crate) async fn held_read<T, F>(mut read: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let tried = held(|| {
        let read = read();
        async move {
            match read.await {
                Err(error) if error.is_passing() => Err(error),
                settled => Ok(settled),
            }
        }
    });
    tried.await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_is_repeated_while_the_store_is_away_and_no_longer() {
        let mut tries = 0;
        let written = held(|| {
            tries += 1;
            let away = tries < 3;
            async move { if away { Err(StoreError::Away("gone".into())) } else { Ok(7) } }
        });
        assert!(matches!(written.await, Ok(7)));
        assert_eq!(tries, 3);
        let stale = held(|| async { Err::<(), _>(StoreError::Stale) }).await;
        assert!(matches!(stale, Err(StoreError::Stale)), "somebody else came first");
        let damaged = held_read(|| async { Err::<(), _>(StoreError::Broken("a cell".into())) });
        assert!(matches!(damaged.await, Err(StoreError::Broken(_))));
    }
}
