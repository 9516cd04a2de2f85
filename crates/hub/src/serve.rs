//! The listener: every connection has a limit on how long a request's head may take, and says who is at its other end.

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long a request's head is waited for, and a connection kept without one: longer than the minute after which
/// proxies let go of an idle connection, so that they never send into one that is just being closed.
pub(crate) const HEAD: Duration = Duration::from_secs(75);

/// Who is at the other end of a connection.
#[derive(Clone, Copy)]
struct Peer(IpAddr);

/// Where a request comes from, as far as its connection and trusted proxies tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The client's address; none within this process.
    pub(crate) client: Option<IpAddr>,
    /// The path under which a proxy shows this hub, without a slash at its end; mostly empty.
    pub(crate) prefix: String,
}

impl Origin {
    /// What the request says of itself counts only where a proxy says it that the operator trusts.
    pub(crate) fn of(request: &Request, trusted: &[IpNet]) -> Self {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
        if !peer.as_ref().is_some_and(is_trusted) {
            return Self { client: peer, prefix: String::new() };
        }
        let header = |name: &str| request.headers().get_all(name).iter().filter_map(|v| v.to_str().ok());
        // Each proxy adds the address that it saw at the end; what stands before the first untrusted one is hearsay.
        let seen: Vec<&str> = header("x-forwarded-for").flat_map(|v| v.split(',')).collect();
        let seen = seen.iter().rev().map_while(|a| a.trim().parse::<IpAddr>().ok().map(|a| a.to_canonical()));
        let mut client = peer;
        for address in seen {
            client = Some(address);
            if !is_trusted(&address) {
                break;
            }
        }
        let prefix = header("x-forwarded-prefix").next().map(|p| p.trim_end_matches('/')).unwrap_or_default();
        let is_path = prefix.starts_with('/')
            && !prefix.starts_with("//")
            && prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
        Self { client, prefix: if is_path { prefix.to_owned() } else { String::new() } }
    }
}

/// Serves until it is told to stop, and then until the running requests are done.
pub(crate) async fn serve(listener: TcpListener, app: Router, head: Duration, stop: CancellationToken) {
    // Made once: a router as it is would be put together anew for every connection.
    let app: Router = app.with_state(());
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head);
    let running = GracefulShutdown::new();
    loop {
        let (stream, peer): (_, SocketAddr) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(e) => {
                    // Mostly there are no descriptors left; others give theirs back.
                    tracing::error!(error = %e, "a connection can't be taken");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            },
        };
        // An event is small, and is not to wait for the next one.
        let _ = stream.set_nodelay(true);
        let peer = Peer(peer.ip().to_canonical());
        let app = app.clone().map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            request
        });
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
        let connection = running.watch(connection);
        tokio::spawn(async move {
            // A client that went away, or took too long.
            let _ = connection.await;
        });
    }
    drop(listener);
    running.shutdown().await;
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_client_that_never_finishes_its_headers_is_let_go() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, Router::new(), Duration::from_millis(50), stop));
        for sent in ["", "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
            let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
            client.write_all(sent.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(10), client.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "still open after {sent:?}");
        }
    }

    fn origin(peer: Option<&str>, headers: &[(&str, &str)]) -> Origin {
        let mut request = Request::new(axum::body::Body::empty());
        for (name, value) in headers {
            let name: axum::http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        }
        Origin::of(&request, &["10.0.0.0/8".parse().unwrap()])
    }

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_comes_from() {
        let told = [("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.0.0.2"), ("x-forwarded-prefix", "/desk/")];
        let of = |client: &str, prefix: &str| Origin { client: Some(client.parse().unwrap()), prefix: prefix.into() };
        assert_eq!(origin(Some("10.0.0.1"), &told), of("192.0.2.7", "/desk"));
        assert_eq!(origin(Some("192.0.2.1"), &told), of("192.0.2.1", ""));
        assert_eq!(origin(None, &told), Origin::default());
        assert_eq!(origin(Some("10.0.0.1"), &[("x-forwarded-for", "junk")]), of("10.0.0.1", ""));
        for prefix in ["//evil.example", "desk", "/a?b", "/a\"b"] {
            assert_eq!(origin(Some("10.0.0.1"), &[("x-forwarded-prefix", prefix)]).prefix, "", "{prefix}");
        }
    }
}
