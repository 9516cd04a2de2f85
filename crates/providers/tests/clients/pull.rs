//! Pulls against a source on loopback.

use std::time::Duration;

use crate::receiver::Receiver;
use countersign_providers::{ExchangeError, PullClient, PullError, PullPage, Source};

fn on<'a>(url: &'a str, bearer: Option<&'a str>) -> Source<'a> {
    Source { url, bearer, allow_private: true }
}

async fn fetch(source: &Receiver) -> Result<PullPage, PullError> {
    PullClient::new().unwrap().fetch(on(&source.url, None), None).await
}

#[tokio::test]
async fn a_page_brings_its_drafts_as_they_are_and_the_next_cursor() {
    let mut source =
        Receiver::answering_with(r#"{"drafts": [{"external_id":  "a"}, 7], "cursor": "n 2", "more": true}"#).await;
    let url = format!("{}?team=a", source.url);
    let page = PullClient::new().unwrap().fetch(on(&url, Some("token")), Some("n&1")).await.unwrap();
    let drafts: Vec<&str> = page.drafts.iter().map(|draft| &**draft).collect();
    assert_eq!(drafts, [r#"{"external_id":  "a"}"#, "7"]);
    assert_eq!(page.cursor.as_deref(), Some("n 2"));
    let request = source.request().unwrap();
    assert_eq!(request.line, "GET /hook?team=a&cursor=n%261 HTTP/1.1");
    assert_eq!(request.headers["authorization"], "Bearer token");
}

#[tokio::test]
async fn a_first_fetch_has_neither_cursor_nor_token() {
    let mut source = Receiver::answering_with(r#"{"drafts": []}"#).await;
    let page = fetch(&source).await.unwrap();
    assert!(page.drafts.is_empty() && page.cursor.is_none());
    let request = source.request().unwrap();
    assert_eq!(request.line, "GET /hook HTTP/1.1");
    assert!(!request.headers.contains_key("authorization") && request.body.is_empty());
}

#[tokio::test]
async fn what_is_no_page_is_told_by_its_place_and_never_quoted() {
    type Told = fn(&PullError) -> bool;
    let kind: Told = |error| matches!(error, PullError::Kind(_));
    let json: Told = |error| matches!(error, PullError::Json { line: 1, .. });
    let form: Told = |error| matches!(error, PullError::Form);
    for (body, told) in [
        ("<html>hidden</html>", kind),
        (r#"{"drafts": [{"hidden"#, json),
        (r#"{"drafts": "hidden"}"#, form),
        (r#"{"drafts": [], "cursor": 7}"#, form),
        ("7", form),
    ] {
        let error = fetch(&Receiver::answering_with(body).await).await.unwrap_err();
        assert!(told(&error), "{body}: {error}");
        assert!(!format!("{error} {error:?}").contains("hidden"));
    }
}

#[tokio::test]
async fn a_page_past_32_mib_is_given_up_whether_announced_or_not() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 33554433\r\n\r\n".to_vec();
    let streamed = [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(), vec![b' '; 33_554_433]].concat();
    for answer in [announced, streamed] {
        let error = fetch(&Receiver::start(Some(answer)).await).await.unwrap_err();
        assert!(matches!(error, PullError::TooLarge), "{error}");
    }
}

#[tokio::test]
async fn redirects_refusals_and_half_pages_are_typed() {
    let mut elsewhere = Receiver::answering_with(r#"{"drafts": []}"#).await;
    let moved = Receiver::answering(302, &format!("location: {}\r\n", elsewhere.url)).await;
    let error = fetch(&moved).await.unwrap_err();
    assert!(matches!(error, PullError::Exchange(ExchangeError::Redirect(302))));
    assert!(elsewhere.request().is_none());

    let error = fetch(&Receiver::answering(503, "retry-after: 9\r\n").await).await.unwrap_err();
    assert_eq!(error.retry_after_seconds(), Some(9));

    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"drafts\": [".to_vec();
    let error = fetch(&Receiver::start(Some(half)).await).await.unwrap_err();
    assert!(matches!(error, PullError::Exchange(ExchangeError::Broken(_))), "{error:?}");
}

#[tokio::test]
async fn a_source_that_hangs_runs_out_of_time() {
    let source = Receiver::start(None).await;
    let client = PullClient::with_timeout(Duration::from_millis(100)).unwrap();
    let error = client.fetch(on(&source.url, None), None).await.unwrap_err();
    assert!(matches!(error, PullError::Exchange(ExchangeError::Timeout)), "{error:?}");
}
