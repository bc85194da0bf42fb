//! The bare minimum: the primitives on the same chunks, through the same kind of buffers.
//!
//! For opening, chunks are first sealed under the calibration's own key: bytes that do not authenticate
//! would not be decrypted by every library.

use std::sync::OnceLock;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use medsec_crypto::{Backend, Suite};
use sha2::{Digest, Sha256};

const CHUNK: usize = 16 * 1024;
const SEALED: usize = CHUNK + 16;
const BATCH: usize = 16;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Work {
    /// Copy in, encrypt, copy out with tags.
    Seal,
    /// Copy in with tags, decrypt, copy out.
    Open,
    /// Copy in with tags, decrypt.
    Verify,
}

enum Cipher {
    RustCrypto(Box<Aes256Gcm>),
    #[cfg(feature = "aws-lc")]
    AwsLc(aws_lc_rs::aead::LessSafeKey),
}

pub(crate) struct Calibration {
    cipher: Cipher,
    threads: usize,
    signed: bool,
    sealed: OnceLock<Vec<u8>>,
}

impl Calibration {
    pub(crate) fn new(backend: Backend, _: Suite, threads: usize, signed: bool) -> Self {
        let cipher = match backend {
            #[cfg(feature = "aws-lc")]
            Backend::AwsLc => {
                use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
                Cipher::AwsLc(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[3; 32]).unwrap()))
            }
            _ => Cipher::RustCrypto(Box::new(Aes256Gcm::new(&[3; 32].into()))),
        };
        Self { cipher, threads, signed, sealed: OnceLock::new() }
    }

    /// Works through `input` with all threads, each on every n-th batch.
    pub(crate) fn run(&self, work: Work, input: &[u8], output: &mut [u8]) {
        let input = if work == Work::Seal { input } else { self.sealed(input.len()) };
        let (from, to) = match work {
            Work::Seal => (CHUNK, SEALED),
            Work::Open => (SEALED, CHUNK),
            Work::Verify => (SEALED, 0),
        };
        let inputs: Vec<&[u8]> = input.chunks(BATCH * from).collect();
        let mut outputs: Vec<&mut [u8]> = match to {
            0 => inputs.iter().map(|_| <&mut [u8]>::default()).collect(),
            _ => output.chunks_mut(BATCH * to).collect(),
        };
        outputs.resize_with(inputs.len(), Default::default);
        let mut shares: Vec<Vec<(&[u8], &mut [u8])>> = Vec::new();
        shares.resize_with(self.threads, Vec::new);
        for (index, pair) in inputs.into_iter().zip(outputs).enumerate() {
            shares[index % self.threads].push(pair);
        }
        let own = shares.remove(0);
        std::thread::scope(|scope| {
            for share in shares {
                scope.spawn(|| self.share(work, share));
            }
            self.share(work, own);
        });
    }

    fn share(&self, work: Work, batches: Vec<(&[u8], &mut [u8])>) {
        let mut buffer = vec![0; BATCH * SEALED];
        let mut digest = [0_u8; 32];
        for (input, output) in batches {
            match work {
                Work::Seal => self.seal(input, output, &mut buffer, &mut digest),
                Work::Open | Work::Verify => self.open(input, output, &mut buffer, &mut digest),
            }
        }
        std::hint::black_box(digest);
    }

    fn seal(&self, input: &[u8], output: &mut [u8], buffer: &mut [u8], digest: &mut [u8; 32]) {
        let mut len = 0;
        for (text, chunk) in input.chunks(CHUNK).zip(buffer.chunks_mut(SEALED)) {
            chunk[..text.len()].copy_from_slice(text);
            len += text.len() + 16;
        }
        for chunk in buffer[..len].chunks_mut(SEALED) {
            let (text, tag) = chunk.split_last_chunk_mut::<16>().unwrap();
            *tag = self.cipher.seal(text);
            self.hash(chunk, digest);
        }
        output[..len].copy_from_slice(&buffer[..len]);
    }

    fn open(&self, input: &[u8], output: &mut [u8], buffer: &mut [u8], digest: &mut [u8; 32]) {
        let buffer = &mut buffer[..input.len()];
        buffer.copy_from_slice(input);
        for chunk in buffer.chunks_mut(SEALED) {
            self.hash(chunk, digest);
            assert!(self.cipher.open(chunk));
        }
        for (chunk, place) in buffer.chunks(SEALED).zip(output.chunks_mut(CHUNK)) {
            let len = place.len().min(chunk.len() - 16);
            place[..len].copy_from_slice(&chunk[..len]);
        }
    }

    fn hash(&self, chunk: &[u8], digest: &mut [u8; 32]) {
        if self.signed {
            *digest = self.cipher.sha256(chunk);
        }
    }

    /// As many bytes of chunks that authenticate under the calibration's key.
    fn sealed(&self, len: usize) -> &[u8] {
        self.sealed.get_or_init(|| {
            let mut sealed = vec![0; len];
            for chunk in sealed.chunks_mut(SEALED) {
                let (text, tag) = chunk.split_last_chunk_mut::<16>().unwrap();
                *tag = self.cipher.seal(text);
            }
            sealed
        })
    }
}

impl Cipher {
    fn seal(&self, text: &mut [u8]) -> [u8; 16] {
        match self {
            Self::RustCrypto(key) => {
                key.encrypt_inout_detached(&[0; 12].into(), &[], text.into()).unwrap().into()
            }
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(key) => {
                use aws_lc_rs::aead::{Aad, Nonce};
                let nonce = Nonce::assume_unique_for_key([0; 12]);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), text).unwrap();
                tag.as_ref().try_into().unwrap()
            }
        }
    }

    fn open(&self, chunk: &mut [u8]) -> bool {
        match self {
            Self::RustCrypto(key) => {
                let (text, tag) = chunk.split_last_chunk_mut::<16>().unwrap();
                let tag = (*tag).into();
                key.decrypt_inout_detached(&[0; 12].into(), &[], text.into(), &tag).is_ok()
            }
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(key) => {
                use aws_lc_rs::aead::{Aad, Nonce};
                let nonce = Nonce::assume_unique_for_key([0; 12]);
                key.open_in_place(nonce, Aad::empty(), chunk).is_ok()
            }
        }
    }

    fn sha256(&self, chunk: &[u8]) -> [u8; 32] {
        match self {
            Self::RustCrypto(_) => {
                Sha256::new().chain_update([0]).chain_update(chunk).finalize().into()
            }
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(_) => {
                use aws_lc_rs::digest::{Context, SHA256};
                let mut hash = Context::new(&SHA256);
                hash.update(&[0]);
                hash.update(chunk);
                hash.finish().as_ref().try_into().unwrap()
            }
        }
    }
}
