//! What is handed to whoever shall consent.

use jiff::Timestamp;
use outlink_engine::consents::{DeviceOffer, Offer, OfferKind};
use serde::Serialize;
use utoipa::ToSchema;

/// A consent that is asked for: by the address `url`, or by the code of `device`.
// No `Debug`: the address opens the consent for whoever has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Offer)]
pub(in crate::api) struct OfferBody {
    /// Open it in a browser. It works once, is shown here and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Where the consent is given by a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceBody>,
    /// Ask `/consents/{id}` with it how it went.
    consent: String,
    expires_at: Timestamp,
}

/// What somebody does on any machine (RFC 8628).
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceOffer)]
pub(in crate::api) struct DeviceBody {
    /// What is typed there.
    user_code: String,
    /// Where.
    verification_uri: String,
    /// The same address with the code in it, for a QR code; `null` where the provider makes none.
    verification_uri_complete: Option<String>,
}

impl From<DeviceOffer> for DeviceBody {
    fn from(device: DeviceOffer) -> Self {
        Self {
            user_code: device.user_code,
            verification_uri: device.verification_uri,
            verification_uri_complete: device.verification_uri_complete,
        }
    }
}

impl From<Offer> for OfferBody {
    fn from(offer: Offer) -> Self {
        let (url, device) = match offer.how {
            // One of the answers made for a secret: an own one-time address, shown once.
            OfferKind::Page(page) => (Some(page.expose().to_owned()), None),
            OfferKind::Device(device) => (None, Some(device.into())),
        };
        Self { url, device, consent: offer.consent.to_string(), expires_at: offer.expires_at }
    }
}
