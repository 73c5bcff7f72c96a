//! Consents by device code: somebody types a code at the provider, and the grant comes by itself.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::Caller;
use outlink_engine::consents::{AskConsent, ConsentStatus, DeviceOffer, Offer, OfferKind};
use outlink_engine::links::{LinkDraft, LinkEdit, NewSecret};
use outlink_model::Secret;
use outlink_model::grant::Grant;
use outlink_model::link::GrantType;
use outlink_practice::{Endpoint, TokenFault};

use crate::bed::{ALICE, Bed};

/// A bed with a link for devices, whose provider wants to be asked every second.
async fn bed() -> Bed {
    let bed = Bed::new().await;
    bed.practice.set(|settings| settings.device_interval = Duration::from_secs(1));
    let mut new = bed.new_link("Work");
    new.choice.grant_type = GrantType::DeviceCode;
    new.draft.authorization_endpoint = None;
    new.draft.userinfo_endpoint = Some(bed.practice.userinfo_endpoint.clone());
    new.draft.device_authorization_endpoint =
        Some(bed.practice.device_authorization_endpoint.clone());
    bed.engine.create_link(new, &Caller::System).await.unwrap();
    bed
}

async fn offer(bed: &Bed) -> (Offer, DeviceOffer) {
    let ask = AskConsent::default();
    let offer = bed.engine.authorize_link("Work", ask, &Caller::System).await.unwrap();
    let OfferKind::Device(device) = &offer.how else { panic!("a code is offered: {offer:?}") };
    let device = device.clone();
    (offer, device)
}

/// Waits until so many requests have come to an endpoint.
async fn asked(bed: &Bed, endpoint: Endpoint, count: usize) {
    for _ in 0..150 {
        if bed.practice.requests(endpoint).len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{endpoint:?} was not asked {count} times");
}

async fn edit(bed: &Bed, draft: LinkDraft) {
    let edit = LinkEdit { draft, ..LinkEdit::default() };
    bed.engine.edit_link("Work", edit, &Caller::System).await.unwrap();
}

async fn outcome(bed: &Bed, offer: &Offer) -> Result<Grant, String> {
    for _ in 0..150 {
        match bed.engine.consent_status(offer.consent).await.unwrap() {
            ConsentStatus::Waiting(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            ConsentStatus::Done(grant) => return Ok(*grant),
            ConsentStatus::Failed(reason) => return Err(reason),
        }
    }
    Err("nothing came of it in time".into())
}

#[tokio::test]
async fn a_code_that_is_typed_elsewhere_becomes_a_grant() {
    let bed = bed().await;
    let (offer, device) = offer(&bed).await;
    assert!(device.verification_uri.starts_with("http"), "{device:?}");
    let status = bed.engine.consent_status(offer.consent).await.unwrap();
    assert!(matches!(status, ConsentStatus::Waiting(Some(told)) if told == device));
    bed.engine.start();
    // An answer that is lost on its way, or none at all, is no end.
    bed.practice.faults().next_answers(Endpoint::Token, 1, TokenFault::status(503));
    assert!(bed.practice.approve_device(&device.user_code, ALICE));
    let grant = outcome(&bed, &offer).await.unwrap();
    assert_eq!(grant.identity.email.as_deref(), Some(ALICE));
    assert!(grant.renewable);
    let fresh = bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap();
    assert_eq!(fresh.generation, grant.generation + 1);
    bed.engine.stop().await;
}

#[tokio::test]
async fn a_refusal_at_the_provider_ends_it_with_a_reason() {
    let bed = bed().await;
    bed.engine.start();
    let (offer, device) = offer(&bed).await;
    assert!(bed.practice.deny_device(&device.user_code));
    let reason = outcome(&bed, &offer).await.unwrap_err();
    assert!(!reason.is_empty() && !reason.contains("in time"), "{reason}");
    bed.engine.stop().await;
}

#[tokio::test]
async fn a_provider_that_wants_it_slower_is_asked_slower() {
    let bed = bed().await;
    bed.engine.start();
    let (offer, _) = offer(&bed).await;
    bed.practice.faults().next_token_answers(1, TokenFault::refuse("slow_down"));
    let asked = |bed: &Bed| bed.practice.counters().token_requests;
    for _ in 0..50 {
        if asked(&bed) > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(asked(&bed), 1);
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert_eq!(asked(&bed), 1, "five seconds more than before (RFC 8628 §3.5)");
    assert!(matches!(
        bed.engine.consent_status(offer.consent).await.unwrap(),
        ConsentStatus::Waiting(_)
    ));
    bed.engine.stop().await;
}

#[tokio::test]
async fn two_nodes_ask_about_one_code_once_each_time() {
    let bed = bed().await;
    let (offer, device) = offer(&bed).await;
    let other = bed.another_engine();
    bed.engine.start();
    other.start();
    assert!(bed.practice.approve_device(&device.user_code, ALICE));
    outcome(&bed, &offer).await.unwrap();
    assert_eq!(bed.practice.counters().token_requests, 1);
    other.stop().await;
    bed.engine.stop().await;
}

#[tokio::test]
async fn tokens_that_take_long_to_be_kept_are_not_asked_for_again() {
    let bed = bed().await;
    let (offer, device) = offer(&bed).await;
    let nameless = TokenFault::Edit(|answer| drop(answer.remove("id_token")));
    bed.practice.faults().next_token_answers(1, nameless);
    let late = TokenFault::Delay(Duration::from_millis(1500));
    bed.practice.faults().next_answers(Endpoint::Userinfo, 1, late);
    assert!(bed.practice.approve_device(&device.user_code, ALICE));
    bed.engine.start();
    asked(&bed, Endpoint::Userinfo, 1).await;
    // By this node's clock every claim is over, and the code has expired.
    let other = bed.later_engine(SignedDuration::from_mins(40));
    other.start();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = other.consent_status(offer.consent).await.unwrap();
    assert!(matches!(status, ConsentStatus::Waiting(_)), "{status:?}");
    assert_eq!(outcome(&bed, &offer).await.unwrap().identity.email.as_deref(), Some(ALICE));
    assert_eq!(bed.practice.requests(Endpoint::Token).len(), 1);
    other.stop().await;
    bed.engine.stop().await;
}

/// Keeps **A moved endpoint locks its secrets**.
#[tokio::test]
async fn a_code_is_not_sent_to_an_endpoint_that_was_moved() {
    let bed = bed().await;
    let (offer, device) = offer(&bed).await;
    assert!(bed.practice.approve_device(&device.user_code, ALICE));
    let draft = LinkDraft {
        token_endpoint: Some(format!("{}?moved", bed.practice.token_endpoint)),
        secret: Some(NewSecret::new(bed.practice.client_secret.clone())),
        ..LinkDraft::default()
    };
    edit(&bed, draft).await;
    bed.engine.start();
    let reason = outcome(&bed, &offer).await.unwrap_err();
    assert!(reason.contains("was changed") && reason.contains("new code"), "{reason}");
    assert!(bed.practice.requests(Endpoint::Token).is_empty(), "the code went nowhere");
    bed.engine.stop().await;
}

/// Keeps **Secrets stay in**.
#[tokio::test]
async fn a_refusal_that_repeats_what_was_sent_is_told_without_it() {
    let bed = bed().await;
    let (offer, _) = offer(&bed).await;
    let secret = Some(NewSecret::new(Secret::new("tell-nobody")));
    edit(&bed, LinkDraft { secret, ..LinkDraft::default() }).await;
    let refusal = TokenFault::Refuse {
        error: "access_denied".into(),
        description: "The owner of tell-nobody said no.".into(),
    };
    bed.practice.faults().next_token_answers(1, refusal);
    bed.engine.start();
    let reason = outcome(&bed, &offer).await.unwrap_err();
    assert!(reason.contains("said no") && !reason.contains("tell-nobody"), "{reason}");
    bed.engine.stop().await;
}

#[tokio::test]
async fn a_fault_that_passes_leaves_the_interval_as_it_was() {
    let bed = bed().await;
    let (offer, _) = offer(&bed).await;
    bed.practice.faults().next_token_answers(2, TokenFault::status(503));
    bed.engine.start();
    asked(&bed, Endpoint::Token, 3).await;
    let consent = bed.store.consent(offer.consent).await.unwrap().unwrap();
    assert_eq!(consent.device.unwrap().poll_seconds, 1);
    bed.engine.stop().await;
}
