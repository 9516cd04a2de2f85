//! Deliveries against a receiver on loopback; signatures are checked by the stock library.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::receiver::Receiver;
use countersign_providers::{Delivered, ExchangeError, SendError, Target, WebhookClient};
use standardwebhooks::Webhook;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &str = r#"{"type":"reply.ready","data":{"text":"Grüße"}}"#;

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

fn target(url: &str) -> Target {
    Target { url: url.to_owned(), secrets: vec![SECRET.to_owned()], allow_private: true }
}

async fn send(target: &Target) -> Result<Delivered, SendError> {
    WebhookClient::new().unwrap().send(target, "msg_1", now(), BODY).await
}

async fn answer_to(answer: &[u8]) -> Result<Delivered, SendError> {
    let receiver = Receiver::start(Some(answer.to_vec())).await;
    send(&target(&receiver.url)).await
}

#[tokio::test]
async fn the_stock_library_verifies_a_delivery() {
    let mut receiver = Receiver::answering(204, "").await;
    assert_eq!(send(&target(&receiver.url)).await.unwrap(), Delivered { status: 204 });
    let request = receiver.request().unwrap();
    assert_eq!(request.line, "POST /hook HTTP/1.1");
    assert_eq!(request.body, BODY);
    assert_eq!(request.headers["webhook-id"], "msg_1");
    assert_eq!(request.headers["content-type"], "application/json");
    Webhook::new(SECRET).unwrap().verify(request.body.as_bytes(), &request.headers).unwrap();
}

#[tokio::test]
async fn either_secret_verifies_while_one_replaces_the_other() {
    let mut receiver = Receiver::answering(200, "").await;
    let secrets = vec![SECRET.to_owned(), OLD_SECRET.to_owned()];
    send(&Target { secrets, ..target(&receiver.url) }).await.unwrap();
    let request = receiver.request().unwrap();
    for secret in [SECRET, OLD_SECRET] {
        Webhook::new(secret).unwrap().verify(request.body.as_bytes(), &request.headers).unwrap();
    }
}

#[tokio::test]
async fn nothing_is_sent_without_a_proper_secret() {
    let mut receiver = Receiver::answering(200, "").await;
    for secrets in [
        &[][..],
        &[""],
        &["whsec_"],
        &["whsec_c2hvcnQ="],
        &["whsec_not base64 at all, but long enough!"],
        &[SECRET, "x"],
    ] {
        let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let error = send(&Target { secrets, ..target(&receiver.url) }).await.unwrap_err();
        assert!(matches!(error, SendError::Secret) && !error.is_final());
    }
    assert!(receiver.request().is_none());
}

#[tokio::test]
async fn a_redirect_is_a_failure_that_says_so() {
    let mut elsewhere = Receiver::answering(200, "").await;
    let receiver = Receiver::answering(307, &format!("location: {}\r\n", elsewhere.url)).await;
    let error = send(&target(&receiver.url)).await.unwrap_err();
    assert!(matches!(error, SendError::Exchange(ExchangeError::Redirect(307))));
    assert!(error.to_string().contains("redirect (307)") && !error.is_final());
    assert!(elsewhere.request().is_none());
}

#[tokio::test]
async fn gone_is_final_and_too_many_requests_says_how_long() {
    let gone = Receiver::answering(410, "").await;
    let error = send(&target(&gone.url)).await.unwrap_err();
    assert!(matches!(error, SendError::Gone) && error.is_final());

    let busy = Receiver::answering(429, "retry-after: 120\r\n").await;
    let error = send(&target(&busy.url)).await.unwrap_err();
    assert!(matches!(error, SendError::Exchange(ExchangeError::Status { status: 429, .. })));
    assert_eq!((error.is_final(), error.retry_after_seconds()), (false, Some(120)));
}

#[tokio::test]
async fn a_receiver_that_hangs_runs_out_of_time() {
    let receiver = Receiver::start(None).await;
    let client = WebhookClient::with_timeout(Duration::from_millis(100)).unwrap();
    let error = client.send(&target(&receiver.url), "msg_1", now(), BODY).await.unwrap_err();
    assert!(matches!(error, SendError::Exchange(ExchangeError::Timeout)), "{error:?}");
}

#[tokio::test]
async fn the_status_counts_even_when_the_body_is_endless_or_broken() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n".to_vec();
    let endless = [head.clone(), vec![b'x'; 1_000_000]].concat();
    for answer in [endless, [head, b"half".to_vec()].concat()] {
        assert_eq!(answer_to(&answer).await.unwrap(), Delivered { status: 200 });
    }
}

#[tokio::test]
async fn garbage_and_a_closed_port_are_told_apart() {
    for garbage in [&b"220 smtp.example.com ESMTP\r\n"[..], b"", b"HTTP/1.1 200"] {
        let error = answer_to(garbage).await.unwrap_err();
        assert!(matches!(error, SendError::Exchange(ExchangeError::Broken(_))), "{error:?}");
        assert!(!error.to_string().contains("smtp"), "{error}");
    }
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = send(&target(&format!("http://{closed}/"))).await.unwrap_err();
    assert!(matches!(error, SendError::Exchange(ExchangeError::Connect(_))), "{error:?}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_receiver_without_tls_is_named_as_that() {
    let receiver = Receiver::answering(200, "").await;
    let error = send(&target(&receiver.url.replace("http:", "https:"))).await.unwrap_err();
    assert!(matches!(error, SendError::Exchange(ExchangeError::Tls(_))), "{error:?}");
}

#[tokio::test]
async fn a_private_address_is_never_called_unless_the_pack_allows_it() {
    let mut receiver = Receiver::answering(200, "").await;
    for host in ["127.0.0.1", "127.1", "[::ffff:127.0.0.1]", "localhost", "LOCALHOST"] {
        let url = receiver.url.replace("127.0.0.1", host);
        let error = send(&Target { allow_private: false, ..target(&url) }).await.unwrap_err();
        assert!(matches!(error, SendError::Refused(_)), "{host}: {error:?}");
        assert!(error.is_final() && error.to_string().contains("allow_private"), "{error}");
    }
    assert!(receiver.request().is_none());
    let url = receiver.url.replace("127.0.0.1", "localhost");
    assert!(send(&target(&url)).await.is_ok());
}

#[tokio::test]
async fn only_http_is_spoken() {
    for url in ["", "/hook", "file:///etc/passwd", "ftp://example.com/"] {
        let error = send(&target(url)).await.unwrap_err();
        assert!(matches!(error, SendError::Url) && error.is_final());
    }
}

#[tokio::test]
async fn no_error_repeats_the_url_the_secret_or_the_body() {
    let receiver = Receiver::answering(500, "").await;
    let closed = "http://127.0.0.1:9/?token=hidden".to_owned();
    for url in [format!("{}?token=hidden", receiver.url), closed] {
        let error = send(&target(&url)).await.unwrap_err();
        let told = format!("{error} {error:?}");
        for secret in ["hidden", SECRET, "Grüße"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}
