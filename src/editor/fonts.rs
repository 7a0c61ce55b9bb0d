//! Fonts of the system, for names in scripts that the window's own font does not have: Japanese, Arabic, Thai and so on.
//!
//! egui asks a [`FontProvider`] once for each character that no font has. It answers from what is loaded; what is not
//! there yet is searched for and read by an [`Errand`] ("audio file fonts"), and egui asks again. Until then the window
//! draws boxes. So nothing is searched for before such a name is shown, and a slow disk holds up no window. All windows of
//! the process share what was found, and it goes with the last of them.

use crate::link::Errand;
use egui::epaint::text::{Blob, FallbackRequest, FontInsert, FontProvider, VariationCoords};
use egui::{Context, FontData};
use fontdb::{Database, FaceInfo, ID, Source, Stretch, Style, Weight};
use skrifa::{FontRef, MetadataProvider};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::mpsc::TryRecvError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Words in the names of fonts that look odd beside the window's own, or that hold a bit of everything.
const ODD: [&str; 9] = ["Serif", "Mincho", "Batang", "Ming", "Song", "Nastaliq", "Mono", "Resort", "Unifont"];

/// The fonts of one open window.
pub struct SystemFonts {
    provider: Arc<Provider>,
    errand: Option<Errand<()>>,
}

impl SystemFonts {
    /// For the window that `ctx` draws.
    pub fn new(ctx: &Context) -> Self {
        let provider = Arc::new(Provider { library: Library::of_the_process(), wanted: Mutex::default() });
        ctx.set_font_providers(vec![Arc::clone(&provider) as Arc<dyn FontProvider>]);
        Self { provider, errand: None }
    }

    /// After each picture: has searched for what the picture lacked, and gives it to `ctx` once it is there. `wake` is
    /// called by another thread then. Never waits.
    pub fn follow(&mut self, ctx: &Context, wake: impl FnOnce() + Send + 'static) {
        if let Some(errand) = &mut self.errand {
            if errand.answer() == Err(TryRecvError::Empty) {
                return;
            }
            self.errand = None;
            // egui asks for every character again.
            ctx.set_font_providers(vec![Arc::clone(&self.provider) as Arc<dyn FontProvider>]);
        }
        let wanted = std::mem::take(&mut *lock(&self.provider.wanted));
        if !wanted.is_empty() {
            let library = Arc::clone(&self.provider.library);
            // Without a thread the boxes stay.
            self.errand = Errand::start("audio file fonts", move || library.search(&wanted), wake).ok();
        }
    }
}

/// What egui asks. Lives on the window's thread.
struct Provider {
    library: Arc<Library>,
    /// Characters to be searched for.
    wanted: Mutex<Vec<char>>,
}

impl FontProvider for Provider {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let wanted = request.cluster.chars().next()?;
        let found = self.library.loaded(wanted);
        if found.is_none() && !lock(&self.library.in_no_font).contains(&wanted) {
            lock(&self.wanted).push(wanted);
        }
        found
    }
}

/// What the windows of the process share.
#[derive(Default)]
struct Library {
    fonts: Mutex<Vec<Font>>,
    in_no_font: Mutex<HashSet<char>>,
    /// All faces of the system, without their data. Only the errands touch it, one after the other.
    faces: Mutex<Option<Database>>,
}

static LIBRARY: Mutex<Weak<Library>> = Mutex::new(Weak::new());

/// One face whose data is in memory.
struct Font {
    name: String,
    /// The file, which may hold more faces.
    file: Option<PathBuf>,
    data: FontData,
}

impl Library {
    fn of_the_process() -> Arc<Self> {
        let mut shared = lock(&LIBRARY);
        shared.upgrade().unwrap_or_else(|| {
            let library = Arc::default();
            *shared = Arc::downgrade(&library);
            library
        })
    }

    /// A loaded font that has the character.
    fn loaded(&self, wanted: char) -> Option<FontInsert> {
        let fonts = lock(&self.fonts);
        let font = fonts.iter().find(|font| has(font.data.bytes(), font.data.index, wanted))?;
        Some(FontInsert { name: font.name.clone(), data: font.data.clone(), families: Vec::new() })
    }

    /// Loads a font for each character, where the system has one. May take seconds where there are thousands of fonts.
    fn search(&self, wanted: &[char]) {
        let mut faces = lock(&self.faces);
        let faces = faces.get_or_insert_with(|| {
            let mut faces = Database::new();
            faces.load_system_fonts();
            faces
        });
        for &wanted in wanted {
            // Another window, or the character before, may have brought it.
            if self.loaded(wanted).is_some() {
                continue;
            }
            match best_face(faces, wanted).and_then(|face| self.load(faces, face)) {
                Some(font) => lock(&self.fonts).push(font),
                None => drop(lock(&self.in_no_font).insert(wanted)),
            }
        }
    }

    fn load(&self, faces: &Database, id: ID) -> Option<Font> {
        let face = faces.face(id)?;
        let file = match &face.source {
            Source::File(path) | Source::SharedFile(path, _) => Some(path.clone()),
            Source::Binary(_) => None,
        };
        // Collections of 20 MB hold a face for each language.
        let of_this_file = |font: &&Font| file.is_some() && font.file == file;
        let known = lock(&self.fonts).iter().find(of_this_file).map(|font| Arc::clone(&font.data.font));
        // Read, not mapped: a file that somebody else cuts short would take the host down.
        let blob = known.or_else(|| faces.with_face_data(id, |data, _| Arc::new(data.to_vec()) as Blob))?;
        let mut data = FontData::from_blob(blob, face.index);
        if data.variation_axes().iter().any(|axis| axis.tag == skrifa::Tag::new(b"wght")) {
            data.tweak.coords = VariationCoords::new([(b"wght", f32::from(Weight::NORMAL.0))]);
        }
        Some(Font { name: format!("{} {}", face.post_script_name, face.index), file, data })
    }
}

/// The face of the system that fits the window best and has the character.
fn best_face(faces: &Database, wanted: char) -> Option<ID> {
    let language =
        language(wanted, || ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| std::env::var(name).ok()));
    let mut ranked: Vec<_> = faces.faces().map(|face| (rank(face, language), face.id)).collect();
    ranked.sort_by(|a, b| a.0.cmp(&b.0));
    let has_it = |id: &ID| faces.with_face_data(*id, |data, index| has(data, index, wanted)) == Some(true);
    ranked.into_iter().map(|(_, id)| id).find(has_it)
}

/// The lower the better.
fn rank<'a>(face: &'a FaceInfo, language: &str) -> (bool, bool, bool, u16, &'a str) {
    let name = face.families.first().map_or("", |(name, _)| name);
    let is_upright = face.style == Style::Normal && face.stretch == Stretch::Normal;
    let is_odd = face.monospaced || ODD.iter().any(|odd| name.contains(odd));
    let is_of_language = language.is_empty() || name.split(' ').any(|word| word == language);
    (!is_upright, is_odd, !is_of_language, face.weight.0.abs_diff(Weight::NORMAL.0), name)
}

/// What fonts for the language of a character have in their names, where several languages write it differently;
/// `locale` is the user's.
fn language(wanted: char, locale: impl FnOnce() -> Option<String>) -> &'static str {
    match wanted {
        '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}' => "JP",
        '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7ff}' => "KR",
        '\u{3100}'..='\u{312f}' => "TC",
        '\u{2e80}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
            match locale().as_deref().unwrap_or_default() {
                ja if ja.starts_with("ja") => "JP",
                ko if ko.starts_with("ko") => "KR",
                tc if tc.starts_with("zh_TW") || tc.starts_with("zh_HK") => "TC",
                _ => "SC",
            }
        }
        _ => "",
    }
}

/// Whether this face of a font file has a glyph for the character.
fn has(data: &[u8], index: u32, wanted: char) -> bool {
    FontRef::from_index(data, index).is_ok_and(|font| font.charmap().map(wanted).is_some())
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // Lists that only grow, or are replaced whole.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::theme;
    use egui::{RawInput, Ui};
    use std::io::Write;
    use std::sync::mpsc::channel;

    /// Draws one picture, which nobody looks at.
    fn draw(ctx: &Context, picture: impl FnMut(&mut Ui)) {
        ctx.run_ui(RawInput::default(), picture).textures_delta.clear();
    }

    /// Draws a text as a window does until nothing is searched for any more, and says which of its characters are boxes.
    fn boxes(text: &str) -> Vec<char> {
        let ctx = Context::default();
        theme::apply(&ctx);
        let mut system = SystemFonts::new(&ctx);
        let font = theme::text(13.0);
        let mut boxes = Vec::new();
        loop {
            draw(&ctx, |ui| {
                ui.label(text);
                let has = |c: char| ui.ctx().fonts_mut(|fonts| fonts.has_glyph(&font, c));
                boxes = text.chars().filter(|c| !has(*c)).collect();
            });
            let (wake, woken) = channel();
            system.follow(&ctx, move || wake.send(()).unwrap_or_default());
            if system.errand.is_none() {
                return boxes;
            }
            woken.recv().unwrap();
            // Takes the answer.
            system.follow(&ctx, || ());
        }
    }

    #[test]
    fn a_name_is_drawn_with_the_systems_fonts_where_the_windows_own_has_no_glyph() {
        let mut faces = Database::new();
        faces.load_system_fonts();
        for name in ["ドラム太鼓", "鼓组", "드럼", "طبول", "תופים", "กลอง", "Schlagzeug"] {
            let drawable = |c: &char| has(epaint_default_fonts::UBUNTU_LIGHT, 0, *c) || best_face(&faces, *c).is_some();
            if !name.chars().all(|c| drawable(&c)) {
                // Not println: the test runner keeps that to itself while the test passes.
                let _ = writeln!(std::io::stderr(), "skipped: this system has no font for {name}");
                continue;
            }
            assert_eq!(boxes(name), [], "{name}");
        }
    }

    #[test]
    fn what_no_font_has_is_searched_for_once_and_stays_a_box() {
        // Private use: no font has any business there.
        assert_eq!(boxes("\u{10fffd}"), ['\u{10fffd}']);
    }

    #[test]
    fn nothing_is_searched_for_while_the_windows_own_font_has_it_all() {
        let ctx = Context::default();
        theme::apply(&ctx);
        let mut fonts = SystemFonts::new(&ctx);
        draw(&ctx, |ui| drop(ui.label("Schlagzeug – 2,5 dB „äöü“ Ελλάδα")));
        fonts.follow(&ctx, || ());
        assert!(fonts.errand.is_none());
    }

    #[test]
    fn han_is_drawn_as_the_users_language_writes_it() {
        let of = |wanted, locale: &str| language(wanted, || Some(locale.to_owned()));
        assert_eq!([of('あ', "de_DE.UTF-8"), of('한', "ja_JP"), of('ㄅ', "")], ["JP", "KR", "TC"]);
        assert_eq!(["ja_JP.UTF-8", "zh_TW", "zh_CN", "de_DE"].map(|locale| of('鼓', locale)), ["JP", "TC", "SC", "SC"]);
        assert_eq!(of('ع', "ja_JP"), "");
    }
}
