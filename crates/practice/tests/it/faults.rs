//! Misbehaviour of the token endpoint.

use std::time::{Duration, Instant};

use outlink_model::Secret;
use outlink_practice::{TokenFault, TokenState};

use crate::kit::{Kit, kit};

fn refresh_token(kit: &Kit) -> Secret {
    let scopes = ["mail.imap", "offline_access"];
    kit.practice.issue("alice@example.org", &scopes).unwrap().1.unwrap()
}

async fn answer(kit: &Kit, token: &Secret) -> (u16, String, String) {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
    let response = kit.try_token(&form).await.unwrap();
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    let headers = format!("{}|{}", header("content-type"), header("retry-after"));
    (response.status().as_u16(), headers, response.text().await.unwrap())
}

#[tokio::test]
async fn faulty_answers_spend_nothing() {
    let kit = kit().await;
    let token = refresh_token(&kit);
    let faults = kit.practice.faults();
    faults.next_token_answers(1, TokenFault::Status { status: 429, retry_after: Some(7) });
    faults.next_token_answers(1, TokenFault::status(503));
    faults.next_token_answers(1, TokenFault::Html);
    let body = b"{\"access_token\": ".to_vec();
    let content_type = "application/json".to_owned();
    faults.next_token_answers(1, TokenFault::Body { status: 200, content_type, body });
    faults.next_token_answers(1, TokenFault::refuse("interaction_required"));
    faults.next_token_answers(1, TokenFault::refuse("invalid_client"));

    assert_eq!(answer(&kit, &token).await, (429, "|7".into(), String::new()));
    assert_eq!(answer(&kit, &token).await.0, 503);
    let (status, headers, page) = answer(&kit, &token).await;
    assert!(status == 200 && headers.starts_with("text/html") && page.contains("<h1>"), "{page}");
    let truncated = (200, "application/json|".to_owned(), "{\"access_token\": ".to_owned());
    assert_eq!(answer(&kit, &token).await, truncated);
    let (status, _, text) = answer(&kit, &token).await;
    assert!(status == 400 && text.contains("\"interaction_required\""), "{text}");
    assert_eq!(answer(&kit, &token).await.0, 401);
    assert_eq!(kit.practice.token_state(&token), TokenState::Live);
    assert_eq!(answer(&kit, &token).await.0, 200);
    assert_eq!(kit.practice.counters().refusals, 0);
}

#[tokio::test]
async fn a_lost_answer_was_carried_out() {
    let kit = kit().await;
    let token = refresh_token(&kit);
    kit.practice.faults().next_token_answers(1, TokenFault::LoseAnswer);
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
    assert!(kit.try_token(&form).await.is_err());
    assert_eq!(kit.practice.token_state(&token), TokenState::Spent);
    assert_eq!(kit.practice.counters().refreshes, 1);
    kit.practice.set(|settings| settings.refresh_grace = Duration::from_secs(30));
    assert_eq!(kit.refresh(token.expose()).await.0, 200);
}

#[tokio::test]
async fn late_answers_are_carried_out_before_and_stalled_ones_after() {
    let kit = kit().await;
    let late = Duration::from_millis(600);
    for (fault, meanwhile) in
        [(TokenFault::Delay(late), TokenState::Spent), (TokenFault::Stall(late), TokenState::Live)]
    {
        let token = refresh_token(&kit);
        kit.practice.faults().next_token_answers(1, fault);
        let began = Instant::now();
        let look = async {
            tokio::time::sleep(late / 2).await;
            kit.practice.token_state(&token)
        };
        let (answer, seen) = tokio::join!(kit.refresh(token.expose()), look);
        assert_eq!((answer.0, seen), (200, meanwhile));
        assert!(began.elapsed() >= late);
    }
}

#[tokio::test]
async fn answers_can_be_edited() {
    let kit = kit().await;
    let token = refresh_token(&kit);
    let edit = TokenFault::Edit(|answer| {
        answer.remove("refresh_token");
        answer.insert("expires_in".to_owned(), "3600".into());
    });
    kit.practice.faults().next_token_answers(1, edit);
    let (status, answer) = kit.refresh(token.expose()).await;
    assert_eq!((status, &answer["expires_in"]), (200, &"3600".into()));
    assert!(answer.get("refresh_token").is_none());
}
