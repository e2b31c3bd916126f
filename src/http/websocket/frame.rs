//! Frames of RFC 6455: those of a client taken apart, strictly; ours put together.

use super::messages::Close;

/// A control frame carries no more (section 5.5).
const CONTROL_MAX: usize = 125;
const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opcode {
    /// Goes on with a message.
    Continuation,
    /// Begins a message of text.
    Text,
    /// Begins a message of bytes.
    Binary,
    /// Takes its leave.
    Close,
    /// Asks for a sign of life.
    Ping,
    /// Gives one.
    Pong,
}

impl Opcode {
    const fn of(bits: u8) -> Option<Self> {
        match bits {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xa => Some(Self::Pong),
            _ => None,
        }
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The beginning of a client's frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Whether it ends its message.
    pub last: bool,
    /// What it is.
    pub opcode: Opcode,
    /// Bytes of the head itself.
    pub bytes: usize,
    /// Bytes that follow.
    pub payload: usize,
    mask: [u8; 4],
}

impl Head {
    /// Reads it; `None` until all of it is there. Its message has `so_far` bytes and may have `message_max`.
    ///
    /// # Errors
    /// How to close on a frame that no client may send.
    pub fn read(bytes: &[u8], so_far: usize, message_max: usize) -> Result<Option<Self>, Close> {
        let (Some(&first), Some(&second)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
        if first & RESERVED != 0 {
            return Err(Close::Protocol("Reserved bits are for extensions, and none was agreed on"));
        }
        let Some(opcode) = Opcode::of(first & 0x0f) else {
            return Err(Close::Protocol("Unknown opcode"));
        };
        if second & MASKED == 0 {
            return Err(Close::Protocol("A client masks its frames"));
        }
        let last = first & FIN != 0;
        let short = usize::from(second & !MASKED);
        if opcode.is_control() && (!last || short > CONTROL_MAX) {
            return Err(Close::Protocol("A control frame is whole and has at most 125 bytes"));
        }
        let (payload, after) = match short {
            126 => {
                let Some(Ok(length)) = bytes.get(2..4).map(TryInto::try_into) else { return Ok(None) };
                (u64::from(u16::from_be_bytes(length)), 4)
            }
            127 => {
                let Some(Ok(length)) = bytes.get(2..10).map(TryInto::try_into) else { return Ok(None) };
                (u64::from_be_bytes(length), 10)
            }
            short => (short as u64, 2),
        };
        let payload = usize::try_from(payload).unwrap_or(usize::MAX);
        if payload > message_max.saturating_sub(so_far) && !opcode.is_control() {
            return Err(Close::TooLarge(message_max));
        }
        let Some(Ok(mask)) = bytes.get(after..after + 4).map(TryInto::try_into) else { return Ok(None) };
        Ok(Some(Self { last, opcode, bytes: after + 4, payload, mask }))
    }

    /// Takes the mask off (section 5.3).
    pub fn unmask(&self, payload: &mut [u8]) {
        for (byte, mask) in payload.iter_mut().zip(self.mask.iter().cycle()) {
            *byte ^= mask;
        }
    }
}

/// Puts a frame's head before `payload` bytes that the caller appends. Ours are whole and, as a server's,
/// without a mask.
pub fn put_head(out: &mut Vec<u8>, opcode: Opcode, payload: usize) {
    out.push(FIN | opcode.bits());
    match payload {
        0..126 => out.push(u8::try_from(payload).unwrap_or(0)),
        126..0x1_0000 => {
            out.push(126);
            out.extend_from_slice(&u16::try_from(payload).unwrap_or(0).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(payload as u64).to_be_bytes());
        }
    }
}

/// A whole frame.
pub fn put(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    put_head(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: [u8; 11] = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];

    #[test]
    fn the_example_of_the_rfc_is_read_as_it_says() {
        let head = Head::read(&HELLO, 0, 100).expect("a frame").expect("all of it");
        assert_eq!((head.last, head.opcode, head.bytes, head.payload), (true, Opcode::Text, 6, 5));
        let mut payload = HELLO[6..].to_vec();
        head.unmask(&mut payload);
        assert_eq!(payload, b"Hello");
    }

    #[test]
    fn half_a_head_is_waited_for() {
        for length in 0..6 {
            assert_eq!(Head::read(&HELLO[..length], 0, 100), Ok(None));
        }
    }

    #[test]
    fn what_no_client_may_send_is_refused() {
        let refused = |bytes: &[u8]| matches!(Head::read(bytes, 0, 100), Err(Close::Protocol(_)));
        assert!(refused(&[0xc1, 0x80]), "a reserved bit");
        assert!(refused(&[0x83, 0x80]), "an opcode without a meaning");
        assert!(refused(&[0x81, 0x05]), "no mask");
        assert!(refused(&[0x09, 0x80]), "a control frame in pieces");
        assert!(refused(&[0x89, 0xfe]), "a long control frame");
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_comes() {
        assert_eq!(Head::read(&[0x81, 0xfe, 0x00, 0x65], 0, 100), Err(Close::TooLarge(100)));
        assert_eq!(Head::read(&[0x80, 0x8b], 90, 100), Err(Close::TooLarge(100)), "the last piece of it");
        assert_eq!(Head::read(&[0x89, 0x8b], 90, 100), Ok(None), "a ping between the pieces");
        let huge = [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Head::read(&huge, 0, 100), Err(Close::TooLarge(100)));
    }

    #[test]
    fn our_heads_have_the_shortest_length() {
        let head = |payload| {
            let mut out = Vec::new();
            put_head(&mut out, Opcode::Text, payload);
            out
        };
        assert_eq!(head(125), [0x81, 125]);
        assert_eq!(head(126), [0x81, 126, 0, 126]);
        assert_eq!(head(0xffff), [0x81, 126, 0xff, 0xff]);
        assert_eq!(head(0x1_0000), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
