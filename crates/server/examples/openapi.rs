//! Prints `docs/openapi.json`: the document of the API, made from the routes themselves.

#![expect(clippy::print_stdout, reason = "the document goes to standard output")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&andon_server::http::document())?);
    Ok(())
}
