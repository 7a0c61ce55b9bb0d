//! One component of a path: a folder's name or the file's.

use super::safe::{MAX_NAME_BYTES, is_reserved, token_text, trim_end};
use super::{LONGEST_MARKERS, NAMELESS_TRACK, NameContext, Suffix, TAKE};
use crate::core::format::{Files, Group, Menu, SizedBy, StreamFormat};
use std::borrow::Cow;

/// What `{suffix}` takes at most.
const LONGEST_SUFFIX: &str = "-18446744073709551615";

/// Stands before a name that would otherwise be a device of Windows, and for one of which nothing is left.
const GUARD: &str = "_";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// As the user wrote it.
    Literal(String),
    /// What a token became.
    Token(String),
    /// `{suffix}`.
    Suffix,
    /// Where the unique suffix comes when the user wrote no `{suffix}`.
    ImpliedSuffix,
}

/// A name with its tokens filled in, all but the suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    pieces: Vec<Piece>,
    /// Whether any of it comes from a token: elsewhere than on Windows only then it is ours to change.
    from_token: bool,
}

impl Component {
    /// A folder's name, or a drive of Windows.
    pub(super) fn folder(written: &str, context: &NameContext) -> Self {
        let is_drive = matches!(written.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic());
        if is_drive { Self::new(written, context, 0) } else { Self::new(&without_colons(written), context, 0) }
    }

    /// A file's name, written without its extension.
    pub(super) fn file_name(written: &str, context: &NameContext, suffix_in_folders: bool) -> Self {
        let extension = format!(".{}", context.settings.file_type.id());
        // The room stays free whether it is needed or not: numbers and markers must not change how a token is cut.
        let later_bytes = LONGEST_SUFFIX.len() + LONGEST_MARKERS.len() + extension.len();
        let mut name = Self::new(&without_colons(written), context, later_bytes);
        if !suffix_in_folders && !name.has_suffix() {
            name.pieces.push(Piece::ImpliedSuffix);
        }
        name.pieces.push(Piece::Literal(extension));
        name
    }

    fn new(written: &str, context: &NameContext, later_bytes: usize) -> Self {
        let mut pieces = pieces_of(written, context);
        let from_token = pieces.iter().any(|piece| matches!(piece, Piece::Token(_) | Piece::Suffix));
        shorten(&mut pieces, MAX_NAME_BYTES - GUARD.len() - later_bytes);
        if pieces.iter().any(|piece| matches!(piece, Piece::Token(_))) {
            trim(&mut pieces);
        }
        Self { pieces, from_token }
    }

    /// Whether the user wrote `{suffix}` in it.
    pub(super) fn has_suffix(&self) -> bool {
        self.pieces.contains(&Piece::Suffix)
    }

    /// The name with this suffix.
    pub(super) fn text(&self, suffix: Suffix) -> String {
        let text = join(&self.pieces, suffix);
        if self.is_guarded(&text) { GUARD.to_owned() + &text } else { text }
    }

    /// The name before and after its unique suffix, if it has exactly one.
    pub(super) fn around_suffix(&self) -> Option<(String, String)> {
        let is_suffix = |piece: &Piece| matches!(piece, Piece::Suffix | Piece::ImpliedSuffix);
        let at = self.pieces.iter().position(is_suffix)?;
        let (before, after) = (&self.pieces[..at], &self.pieces[at + 1..]);
        if after.iter().any(is_suffix) {
            return None;
        }
        let suffix = Suffix::Unique(1);
        // All numbers agree on the guard: with a `-` in its first part no name is a device, and the rest does not count.
        let guard = if self.is_guarded(&join(&self.pieces, suffix)) { GUARD } else { "" };
        Some((guard.to_owned() + &join(before, suffix), join(after, suffix)))
    }

    /// Only Windows knows the devices, and would write the sound to one that the user names, which is the end of it.
    fn is_guarded(&self, text: &str) -> bool {
        (self.from_token || cfg!(windows)) && is_reserved(text)
    }
}

fn join(pieces: &[Piece], suffix: Suffix) -> String {
    let text_of = |piece: &Piece| match (piece, suffix) {
        (Piece::Literal(text) | Piece::Token(text), _) => text.clone(),
        (Piece::Suffix, suffix) => suffix.to_string(),
        (Piece::ImpliedSuffix, Suffix::Unique(_) | Suffix::Unknown) => suffix.to_string(),
        (Piece::ImpliedSuffix, Suffix::Fixed(_)) => String::new(),
    };
    pieces.iter().map(text_of).collect()
}

/// To Windows a colon in a name means a drive, or a stream beside what the file holds, which no program shows.
fn without_colons(written: &str) -> Cow<'_, str> {
    if cfg!(windows) { written.replace(':', GUARD).into() } else { written.into() }
}

/// Takes a name apart at its tokens and fills them in.
fn pieces_of(written: &str, context: &NameContext) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = written;
    while let Some(next) = rest.chars().next() {
        match token_at(rest, context) {
            Some((token_bytes, piece)) => {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(piece);
                rest = &rest[token_bytes..];
            }
            None => {
                literal.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

#[derive(Clone, Copy)]
enum Token {
    Track,
    Date,
    Time,
    Rate,
    Type,
    BitRate,
    Group,
    Take,
    Suffix,
}

const TOKENS: [(&str, Token); 9] = [
    ("{track}", Token::Track),
    ("{date}", Token::Date),
    ("{time}", Token::Time),
    ("{rate}", Token::Rate),
    ("{type}", Token::Type),
    ("{bitrate}", Token::BitRate),
    ("{group}", Token::Group),
    (TAKE, Token::Take),
    ("{suffix}", Token::Suffix),
];

/// The token at the start of `text`, with the bytes that it takes there.
fn token_at(text: &str, context: &NameContext) -> Option<(usize, Piece)> {
    let (written, token) = TOKENS.into_iter().find(|(written, _)| text.starts_with(written))?;
    let fill = |text: &str| Piece::Token(token_text(text, GUARD));
    let piece = match token {
        Token::Track => Piece::Token(token_text(context.track, NAMELESS_TRACK)),
        Token::Date => fill(context.date),
        Token::Time => fill(context.time),
        Token::Rate => fill(&context.format.sample_rate.to_string()),
        Token::Type => fill(context.settings.file_type.id()),
        Token::BitRate => fill(&bit_rate_text(context)),
        Token::Group => Piece::Token(match context.settings.group {
            Group::Off => String::new(),
            group => group.label().to_owned(),
        }),
        Token::Take => Piece::Token(match context.settings.take {
            0 => "…".to_owned(),
            take => format!("{take:03}"),
        }),
        Token::Suffix => Piece::Suffix,
    };
    Some((written.len(), piece))
}

/// kb/s of one file's sound; the name of the quality where the bit rate varies.
fn bit_rate_text(context: &NameContext) -> String {
    let settings = context.settings;
    let file = match settings.files {
        Files::One => context.format,
        Files::Each => StreamFormat { channels: 1, ..context.format },
    };
    let kilobits = match settings.file_type.sized_by() {
        SizedBy::Codec => {
            let bits = settings.file_type.bits_per_sample(settings.codec);
            Some(u64::from(file.sample_rate) * file.channels as u64 * u64::from(bits) / 1000)
        }
        SizedBy::BitRate => settings.file_type.kilobits(settings.bit_rate, file).map(u64::from),
    };
    let quality = || settings.bit_rate.label().trim_start_matches("VBR ").to_owned();
    kilobits.map_or_else(quality, |kilobits| kilobits.to_string())
}

/// Cuts the longest tokens until the name takes at most `most_bytes`. What the user wrote stays whole: where that is too
/// long by itself, the system will say so.
fn shorten(pieces: &mut [Piece], most_bytes: usize) {
    let other_bytes: usize = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Suffix | Piece::ImpliedSuffix => LONGEST_SUFFIX.len(),
            Piece::Token(_) => 0,
        })
        .sum();
    let room = most_bytes.saturating_sub(other_bytes);
    let tokens_take = |each: usize| -> usize {
        let bytes = |piece: &Piece| if let Piece::Token(text) = piece { text.floor_char_boundary(each) } else { 0 };
        pieces.iter().map(bytes).sum()
    };
    let each = (0..=MAX_NAME_BYTES).rev().find(|&each| tokens_take(each) <= room).unwrap_or(0);
    for piece in pieces {
        if let Piece::Token(text) = piece {
            text.truncate(text.floor_char_boundary(each));
            text.truncate(trim_end(text).len());
        }
    }
}

/// Takes blanks off both ends of a name, and dots off its end: Windows would drop them or refuse the name.
fn trim(pieces: &mut Vec<Piece>) {
    while let Some(Piece::Literal(text) | Piece::Token(text)) = pieces.last_mut() {
        text.truncate(trim_end(text).len());
        if !text.is_empty() {
            break;
        }
        pieces.pop();
    }
    let is_blank = |piece: &Piece| match piece {
        Piece::Literal(text) | Piece::Token(text) => text.trim_start().is_empty(),
        Piece::Suffix | Piece::ImpliedSuffix => false,
    };
    let blank = pieces.iter().take_while(|piece| is_blank(piece)).count();
    pieces.drain(..blank);
    match pieces.first_mut() {
        Some(Piece::Literal(text) | Piece::Token(text)) => *text = text.trim_start().to_owned(),
        Some(Piece::Suffix | Piece::ImpliedSuffix) => {}
        None => pieces.push(Piece::Literal(GUARD.to_owned())),
    }
}
