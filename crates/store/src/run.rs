//! One statement over either engine. Both take `$1`, `$2` …; arguments are bound in that order.

/// For `IN (…)`: the numbers of a JSON array that is the first argument, however many there are.
pub(crate) fn list(tx: &crate::Tx) -> &'static str {
    if tx.is_postgres() {
        "SELECT CAST(jsonb_array_elements_text(CAST($1 AS jsonb)) AS BIGINT)"
    } else {
        "SELECT value FROM json_each($1)"
    }
}

macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => {
        on!(@ $tx.connection().await?, $c => $body)
    };
    (@ $inner:expr, $c:ident => $body:expr) => {
        match $inner {
            $crate::tx::Inner::Sqlite($c) => $body.map_err($crate::StoreError::from),
            $crate::tx::Inner::Postgres($c) => $body.map_err($crate::StoreError::from),
        }
    };
}

/// Runs a statement; answers how many rows it touched.
macro_rules! run {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!($tx, c => sqlx::query($sql)$(.bind($arg))*.execute(&mut **c).await.map(|done| done.rows_affected()))
    };
}

/// Changes rows of one table, by the time anything is asked of the database again: on Postgres it goes there together
/// with changes of other tables.
macro_rules! change {
    ($tx:expr, $table:literal, $sql:expr $(, $arg:expr)* $(,)?) => {
        if $tx.is_postgres() {
            let writes = $tx.writes($table).await?;
            writes.add($table, $sql);
            $(writes.bind($arg)?;)*
        } else {
            run!($tx, $sql $(, $arg)*)?;
        }
    };
}

/// All rows, as a type that reads itself from a row; `beside` a table that is looked at alone, whatever else has been
/// changed.
macro_rules! all {
    ($tx:ident beside $table:literal, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!(@ $tx.beside($table).await?, c => sqlx::query_as($sql)$(.bind($arg))*.fetch_all(&mut **c).await)
    };
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!($tx, c => sqlx::query_as($sql)$(.bind($arg))*.fetch_all(&mut **c).await)
    };
}

/// The first row, if there is one.
macro_rules! first {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!($tx, c => sqlx::query_as($sql)$(.bind($arg))*.fetch_optional(&mut **c).await)
    };
}
