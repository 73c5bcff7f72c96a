//! Projects.

use outlink_store::Error;

use crate::bench::{Bench, on_both};
use crate::samples::{id, page, project};

on_both!(a_project_key_is_taken_once);

async fn a_project_key_is_taken_once(Bench { store, .. }: Bench) {
    store.create_project(&project(1, "SUP")).await.unwrap();
    store.create_project(&project(2, "OPS")).await.unwrap();
    let again = store.create_project(&project(3, "SUP")).await;
    assert!(matches!(again, Err(Error::Taken("key"))));
    assert_eq!(store.project(id(1)).await.unwrap(), Some(project(1, "SUP")));
    assert_eq!(store.project_by_key("OPS").await.unwrap(), Some(project(2, "OPS")));
    assert_eq!(store.project_by_key("ops").await.unwrap(), None);
    let listed = store.projects(&page(5, None)).await.unwrap();
    assert_eq!(listed.items, [project(1, "SUP"), project(2, "OPS")]);
}
