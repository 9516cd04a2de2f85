//! The way from the window to a hub: the one inside this process, or one that already runs on the same database.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, header};
use reqwest::Client;
use tower::ServiceExt;

use crate::answer::Answer;

/// Where requests go. It changes while the program runs: a hub is opened, lost, closed.
#[derive(Clone)]
pub enum Door {
    /// The database is being opened.
    Opening,
    /// Into the hub of this process, as its owner.
    Here(Router),
    /// To another process that has the database open.
    Elsewhere(Remote),
    /// Nowhere, and why.
    Shut(String),
}

impl Door {
    /// Sends one request through and reads the whole answer.
    pub async fn send(self, request: Request<String>) -> Answer {
        match self {
            Self::Here(router) => {
                let Ok(response) = router.oneshot(request.map(Body::from)).await;
                Answer::read(response).await
            }
            Self::Elsewhere(remote) => match remote.send(request).await {
                Ok(response) => Answer::read(response).await,
                Err(error) => Answer::unavailable(format!("no hub at {}: {error}", remote.url)),
            },
            Self::Opening => Answer::unavailable("the database is still being opened"),
            Self::Shut(why) => Answer::unavailable(why),
        }
    }
}

/// A hub in another process of this machine, with its owner's token.
#[derive(Clone)]
pub struct Remote {
    client: Client,
    url: String,
    token: String,
}

impl Remote {
    /// The hub at `url`, such as `http://127.0.0.1:8787`.
    ///
    /// # Errors
    /// When the HTTP client can't be made.
    pub fn new(url: String, token: String) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self { client, url, token })
    }

    /// Sends `request`, whose URI is a path, to this hub.
    async fn send(&self, request: Request<String>) -> Result<Response<reqwest::Body>, reqwest::Error> {
        let (parts, body) = request.into_parts();
        let request = self.ask(parts.method, &parts.uri.to_string());
        let response = request.headers(parts.headers).body(body).send().await?;
        Ok(response.into())
    }

    /// The stream of the hub's events, as it comes.
    ///
    /// # Errors
    /// When the hub doesn't answer, or refuses.
    pub async fn events(&self) -> Result<reqwest::Response, reqwest::Error> {
        let response = self.ask(Method::GET, "/v1/events").send().await?;
        response.error_for_status()
    }

    fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use axum::http::HeaderMap;
    use axum::routing::{get, post};

    fn hub() -> Router {
        Router::new()
            .route("/v1/echo", post(|body: String| async move { (axum::http::StatusCode::CREATED, body) }))
            .route(
                "/v1/who",
                get(|headers: HeaderMap| async move {
                    let who = headers.get(header::AUTHORIZATION);
                    who.and_then(|who| who.to_str().ok()).unwrap_or("nobody").to_owned()
                }),
            )
            .route("/v1/bytes", get(|| async { vec![0xff_u8, 0xfe] }))
    }

    fn request(method: Method, path: &str, body: &str) -> Request<String> {
        Request::builder().method(method).uri(path).body(body.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn an_answer_comes_back_with_its_status_headers_and_text() {
        let answer = Door::Here(hub()).send(request(Method::POST, "/v1/echo", "naïve")).await;
        assert_eq!((answer.status, answer.body.as_str()), (201, "naïve"));
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    }

    #[tokio::test]
    async fn the_same_request_reaches_a_hub_elsewhere_with_its_token() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, hub()).await });
        let door = Door::Elsewhere(Remote::new(url, "secret".into()).unwrap());
        let answer = door.clone().send(request(Method::GET, "/v1/who", "")).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "Bearer secret"));
        let answer = door.send(request(Method::POST, "/v1/echo", "x")).await;
        assert_eq!((answer.status, answer.body.as_str()), (201, "x"));
    }

    #[tokio::test]
    async fn whatever_goes_wrong_is_an_answer_the_console_can_show() {
        let gone = Remote::new("http://127.0.0.1:1".into(), String::new()).unwrap();
        let doors = [
            (Door::Shut("the disk is full".into()), "the disk is full"),
            (Door::Opening, "still being opened"),
            (Door::Elsewhere(gone), "no hub at http://127.0.0.1:1"),
            (Door::Here(hub()), "not text"),
        ];
        for (door, message) in doors {
            let answer = door.send(request(Method::GET, "/v1/bytes", "")).await;
            let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(answer.status, 503);
            assert_eq!(body["error"]["code"], "unavailable");
            let told = body["error"]["message"].as_str().unwrap_or_default();
            assert!(told.contains(message), "{told}");
        }
    }
}
