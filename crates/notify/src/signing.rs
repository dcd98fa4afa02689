//! Signatures of webhooks, as Standard Webhooks say: HMAC-SHA256 over `id.timestamp.body`, one for each secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::secret::Secret;

const PREFIX: &str = "whsec_";

/// The bytes of a secret.
///
/// # Errors
/// What is wrong with it, without showing it.
pub(crate) fn key(secret: &Secret) -> Result<Vec<u8>, String> {
    let text = secret.expose().trim();
    let encoded =
        text.strip_prefix(PREFIX).ok_or_else(|| format!("a signing secret starts with {PREFIX}"))?;
    let key = STANDARD.decode(encoded).map_err(|_| format!("what follows {PREFIX} is no base64"))?;
    match key.len() {
        24..=64 => Ok(key),
        bytes => Err(format!("a signing secret has 24 to 64 bytes, not {bytes}")),
    }
}

/// The value of `webhook-signature`.
///
/// # Errors
/// As [`key`].
pub(crate) fn signatures(
    secrets: &[Secret],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<String, String> {
    let mut all = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).map_err(|error| error.to_string())?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        all.push(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
    Ok(all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values were computed with another implementation of HMAC.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let secret =
            |bytes: u8, count: usize| Secret::from(format!("whsec_{}", STANDARD.encode(vec![bytes; count])));
        let body = br#"{"type":"task.blocked"}"#;
        let signed = |secrets: &[Secret]| signatures(secrets, "msg_1", 1_700_000_000, body).unwrap();
        assert_eq!(signed(&[secret(7, 32)]), "v1,WdDv9fKyP68JuJMWmFDgxjU4hbDn/RAzVFGQoQoutKk=");
        assert_eq!(
            signed(&[secret(7, 32), secret(9, 24)]),
            "v1,WdDv9fKyP68JuJMWmFDgxjU4hbDn/RAzVFGQoQoutKk= v1,yDBnv+MITuQV0mhijyUgCicdCTHQVGh5k49ZmzdW2So="
        );
        assert_eq!(signed(&[]), "");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_showing_it() {
        for text in ["plain", "whsec_%%%", "whsec_c2hvcnQ="] {
            let error = key(&Secret::from(text.to_owned())).unwrap_err();
            assert!(!error.contains(text), "{error}");
        }
    }
}
