//! What the crates do not say themselves: licence texts that they leave out, and the C libraries and fonts inside them.

/// Licence texts of crates that come without one.
pub struct Kept {
    pub crates: &'static [&'static str],
    /// For which versions somebody has looked; others have to be looked at first.
    pub versions: &'static str,
    /// Where the texts are from.
    pub source: &'static str,
    pub texts: &'static [&'static str],
}

/// The MIT licence without a line of copyright, as several projects have it.
const MIT: &str = include_str!("../../package/licences/MIT.txt");

/// By source.
pub const KEPT: &[Kept] = &[
    Kept {
        crates: &["accesskit"],
        versions: "0.25",
        source: "https://github.com/AccessKit/accesskit: LICENSE-MIT, LICENSE.chromium",
        texts: &[MIT, include_str!("../../package/licences/accesskit-chromium.txt")],
    },
    Kept {
        crates: &["anymap3"],
        versions: "1.1",
        source: "https://blueoakcouncil.org/license/1.0.0; the crate's COPYING only names its licences",
        texts: &[include_str!("../../package/licences/anymap3-BlueOak.txt")],
    },
    Kept {
        crates: &["clipboard-win"],
        versions: "5.4",
        source: "https://github.com/DoumanAsh/clipboard-win: LICENSE",
        texts: &[include_str!("../../package/licences/clipboard-win-BSL.txt")],
    },
    Kept {
        crates: &["com-scrape-types"],
        versions: "0.1",
        source: "https://github.com/coupler-rs/vst3-rs: LICENSE-MIT",
        texts: &[MIT],
    },
    Kept {
        crates: &["dasp_frame", "dasp_sample"],
        versions: "0.11",
        source: "https://github.com/RustAudio/dasp: LICENSE-MIT",
        texts: &[include_str!("../../package/licences/dasp-MIT.txt")],
    },
    Kept {
        crates: &["ecolor", "egui", "egui_glow", "emath", "epaint", "epaint_default_fonts"],
        versions: "0.37",
        source: "https://github.com/emilk/egui: LICENSE-MIT",
        texts: &[include_str!("../../package/licences/egui-MIT.txt")],
    },
    Kept {
        crates: &["nice-plug", "nice-plug-core"],
        versions: "0.4",
        source: "https://codeberg.org/RustAudio/nice-plug: LICENSE",
        texts: &[include_str!("../../package/licences/nice-plug-ISC.txt")],
    },
    Kept {
        crates: &["nice-plug-egui"],
        versions: "0.6",
        source: "https://codeberg.org/RustAudio/nice-plug: LICENSE",
        texts: &[include_str!("../../package/licences/nice-plug-ISC.txt")],
    },
    Kept {
        crates: &["objc-sys", "objc2", "objc2-app-kit", "objc2-foundation"],
        versions: ">=0.2, <0.7",
        source: "https://github.com/madsmtm/objc2: LICENSE.txt at objc2-0.5.2, LICENSE-MIT.txt",
        texts: OBJC2,
    },
    Kept {
        crates: &["objc2-encode"],
        versions: "4.1",
        source: "https://github.com/madsmtm/objc2: LICENSE.txt at objc2-0.5.2, LICENSE-MIT.txt",
        texts: OBJC2,
    },
    Kept {
        crates: &["block2", "dispatch2", "objc2-core-foundation", "objc2-open-gl", "objc2-quartz-core"],
        versions: ">=0.3, <0.7",
        source: "https://github.com/madsmtm/objc2: LICENSE.txt at objc2-0.5.2, LICENSE-MIT.txt",
        texts: OBJC2,
    },
    Kept {
        crates: &["profiling"],
        versions: "1",
        source: "https://github.com/aclysma/profiling: LICENSE-MIT",
        texts: &[include_str!("../../package/licences/profiling-MIT.txt")],
    },
    Kept {
        crates: &["aotuv_lancer_vorbis_sys", "ogg_next_sys"],
        versions: "0.1",
        source: "https://github.com/ComunidadAylas/vorbis-rs: LICENSE",
        texts: &[include_str!("../../package/licences/vorbis-rs-BSD.txt")],
    },
];

const OBJC2: &[&str] =
    &[include_str!("../../package/licences/objc-MIT.txt"), include_str!("../../package/licences/objc2-MIT.txt")];

/// A library in C or a font that a crate brings along.
pub struct Inside {
    pub of_crate: &'static str,
    pub name: &'static str,
    /// An SPDX expression.
    pub licence: &'static str,
    /// In the crate's folder.
    pub texts: &'static [&'static str],
}

/// By crate.
pub const INSIDE: &[Inside] = &[
    Inside {
        of_crate: "aotuv_lancer_vorbis_sys",
        name: "libvorbis, with the changes of aoTuV and Lancer",
        licence: "BSD-3-Clause",
        texts: &["vorbis_vendor/COPYING"],
    },
    Inside {
        of_crate: "epaint_default_fonts",
        name: "fonts, of which Ubuntu Light is linked",
        licence: "Ubuntu-font-1.0 AND OFL-1.1",
        texts: &["fonts/UFL.txt", "fonts/OFL.txt"],
    },
    Inside {
        of_crate: "mp3lame-sys",
        name: "LAME 3.100",
        licence: "LGPL-2.0-or-later",
        texts: &["lame-3.100/COPYING"],
    },
    Inside { of_crate: "ogg_next_sys", name: "libogg", licence: "BSD-3-Clause", texts: &["ogg_vendor/COPYING"] },
];

/// Texts of licences that a crate offers, and that we do not choose: the crate and the file.
pub const NOT_CHOSEN: &[(&str, &str)] = &[("self_cell", "LICENSE-GPLv2")];

/// What tells that a text holds a licence in full: the SPDX identifier, and words that must all be there, in lower case
/// and with single blanks. A file may hold several.
pub const TELLING: &[(&str, &[&str])] = &[
    (
        "0BSD",
        &[
            "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted.",
        ],
    ),
    ("Apache-2.0", &["apache license", "version 2.0, january 2004", "terms and conditions for use, reproduction"]),
    ("BSD-2-Clause", &["redistribution and use in source and binary forms", "disclaimer in the documentation"]),
    (
        "BSD-3-Clause",
        &[
            "redistribution and use in source and binary forms",
            "disclaimer in the documentation",
            "may be used to endorse",
        ],
    ),
    (
        "BSL-1.0",
        &[
            "boost software license - version 1.0",
            "permission is hereby granted, free of charge, to any person or organization",
        ],
    ),
    ("BlueOak-1.0.0", &["blue oak model license", "as far as the law allows, this software comes as is"]),
    (
        "ISC",
        &[
            "permission to use, copy, modify, and",
            "provided that the above copyright notice and this permission notice appear in all copies",
        ],
    ),
    (
        "LGPL-2.0-or-later",
        &["gnu library general public license", "version 2, june 1991", "terms and conditions for copying"],
    ),
    ("LGPL-3.0", &["gnu lesser general public license", "version 3, 29 june 2007", "combined works"]),
    (
        "MIT",
        &[
            "permission is hereby granted, free of charge, to any person obtaining a copy",
            "the above copyright notice and this permission notice shall be included in all",
        ],
    ),
    ("MPL-2.0", &["mozilla public license", "2.0", "covered software is provided under this license on an"]),
    (
        "OFL-1.1",
        &[
            "sil open font license version 1.1",
            "permission is hereby granted, free of charge, to any person obtaining a copy of the font software",
        ],
    ),
    (
        "Ubuntu-font-1.0",
        &[
            "ubuntu font licence version 1.0",
            "permission is hereby granted, free of charge, to any person obtaining a copy of the font software",
        ],
    ),
    ("Unicode-3.0", &["unicode license v3", "permission is hereby granted, free of charge"]),
    ("Unlicense", &["this is free and unencumbered software released into the public domain"]),
    (
        "Zlib",
        &[
            "this software is provided 'as-is', without any express or implied warranty",
            "altered source versions must be plainly marked",
        ],
    ),
];
