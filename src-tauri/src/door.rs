//! The way from the window to a hub: the one inside this process, or one that already runs on the same database.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, Response, header};
use futures::StreamExt;
use http_body_util::BodyExt;
use reqwest::Client;
use tokio::io::{AsyncWrite, AsyncWriteExt};
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
    /// Sends one request through and writes the answer's body to a file, as it comes.
    ///
    /// # Errors
    /// What the hub refused, or what broke off.
    pub async fn save(self, request: Request<String>, file: impl AsyncWrite + Unpin) -> anyhow::Result<()> {
        match self {
            Self::Here(router) => {
                let Ok(response) = router.oneshot(request.map(Body::from)).await;
                write(response, file).await
            }
            Self::Elsewhere(remote) => write(remote.send(request).await?, file).await,
            Self::Opening => anyhow::bail!("the database is still being opened"),
            Self::Shut(why) => anyhow::bail!(why),
        }
    }

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

async fn write<B>(response: Response<B>, mut file: impl AsyncWrite + Unpin) -> anyhow::Result<()>
where
    B: axum::body::HttpBody<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    if !response.status().is_success() {
        let answer = Answer::read(response).await;
        let said: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let why = said["error"]["message"].as_str().map_or_else(|| answer.status.to_string(), str::to_owned);
        anyhow::bail!(why);
    }
    let mut body = response.into_body().into_data_stream();
    while let Some(part) = body.next().await {
        file.write_all(&part?).await?;
    }
    Ok(file.flush().await?)
}

/// A hub in another process, with a token for it.
#[derive(Clone)]
pub struct Remote {
    client: Client,
    url: String,
    token: String,
}

impl Remote {
    /// The hub at `url`, such as `https://countersign.example.com`.
    ///
    /// # Errors
    /// When the HTTP client can't be made.
    pub fn new(url: String, token: String) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder();
        // A hub on this machine is never behind a proxy.
        if reqwest::Url::parse(&url).is_ok_and(|url| is_here(&url)) {
            client = client.no_proxy();
        }
        let client = client
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self { client, url, token })
    }

    /// The same hub under the same token.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.url, &self.token) == (&other.url, &other.token)
    }

    /// Sends `request`, whose URI is a path, to this hub.
    ///
    /// # Errors
    /// When the hub doesn't answer.
    pub async fn send(&self, request: Request<String>) -> Result<Response<reqwest::Body>, reqwest::Error> {
        let (parts, body) = request.into_parts();
        let request = self.ask(parts.method, &parts.uri.to_string());
        let response = request.headers(parts.headers).body(body).send().await?;
        Ok(response.into())
    }

    /// The stream of the hub's events, as it comes, to the window that the hub knows by `console`.
    ///
    /// # Errors
    /// When the hub doesn't answer, or refuses.
    pub async fn events(&self, console: &str) -> Result<reqwest::Response, reqwest::Error> {
        let response = self.ask(Method::GET, &format!("/v1/events?console={console}")).send().await?;
        response.error_for_status()
    }

    fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }
}

/// Whether an address is on this machine.
pub fn is_here(url: &reqwest::Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        None => false,
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
