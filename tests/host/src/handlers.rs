//! What the plugin may call in the host.

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamRescanFlags,
};
use clack_extensions::track_info::{HostTrackInfo, HostTrackInfoImpl, TrackInfo, TrackInfoWriter};
use clack_host::prelude::*;
use clack_host::utils::Color;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The host's side of one instance.
pub(crate) struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Shared;
    type MainThread<'a> = MainThread;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _shared: &Shared) {
        builder.register::<HostParams>().register::<HostTrackInfo>().register::<HostGui>();
    }
}

/// Callable from any thread.
#[derive(Default)]
pub(crate) struct Shared {
    callback_requested: AtomicBool,
    /// The size that the plugin's window asks for, packed; 0 for none.
    resize_requested: AtomicU64,
}

impl Shared {
    /// Whether the plugin asked for a call on the main thread since the last question.
    pub(crate) fn take_callback_request(&self) -> bool {
        self.callback_requested.swap(false, Ordering::AcqRel)
    }

    /// The size in pixels that the plugin's window asked for since the last question.
    #[cfg(target_os = "linux")]
    pub(crate) fn take_resize_request(&self) -> Option<[u32; 2]> {
        let size = GuiSize::unpack_from_u64(self.resize_requested.swap(0, Ordering::AcqRel));
        (size.width > 0).then_some([size.width, size.height])
    }
}

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.callback_requested.store(true, Ordering::Release);
    }
}

impl HostGuiImpl for Shared {
    fn resize_hints_changed(&self) {}

    fn request_resize(&self, new_size: GuiSize) -> Result<(), HostError> {
        self.resize_requested.store(new_size.pack_to_u64(), Ordering::Release);
        Ok(())
    }

    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn closed(&self, _was_destroyed: bool) {}
}

impl HostParamsImplShared for Shared {
    fn request_flush(&self) {}
}

/// Callable from the main thread.
#[derive(Default)]
pub(crate) struct MainThread {
    /// The name of the track that the plugin lies on. clack wants it to live as long as the plugin, so each is leaked.
    pub(crate) track_name: Cell<Option<&'static str>>,
    pub(crate) track_rgb: Cell<Option<[u8; 3]>>,
}

impl MainThreadHandler<'_> for MainThread {}

impl HostParamsImplMainThread for MainThread {
    fn rescan(&self, _flags: ParamRescanFlags) {}
    fn clear(&self, _param: ClapId, _flags: ParamClearFlags) {}
}

impl HostTrackInfoImpl for MainThread {
    fn get<'a>(&'a self, writer: &mut TrackInfoWriter<'_, 'a>) {
        if let Some(name) = self.track_name.get() {
            let color = self.track_rgb.get().map(|[red, green, blue]| Color { alpha: 255, red, green, blue });
            writer.set(&TrackInfo::new().with_name(Some(name.as_bytes())).with_color(color));
        }
    }
}
