"""A VST3 host that does nothing but what it is told: it cuts no blocks, moves no change and keeps no order of calls of
its own. Hosts built with JUCE tell a plugin of no change inside a block; most DAWs do.

Interfaces are called by their place in the virtual table. Places, structures and interface ids are those of the VST3
SDK's `pluginterfaces` (funknown.h, ipluginbase.h, ibstream.h, ivstcomponent.h, ivstaudioprocessor.h,
ivsteditcontroller.h, ivstparameterchanges.h).
"""

import ctypes
import io
import os
import struct
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_char,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)

import numpy as np

OK, NO_INTERFACE = (0, -2147467262) if os.name == "nt" else (0, -1)
REALTIME, PREFETCH, OFFLINE = 0, 1, 2
INFINITE_TAIL = 2**32 - 1
AUDIO, INPUT, OUTPUT = 0, 0, 1


class ClassInfo(Structure):
    _fields_ = [("cid", c_uint8 * 16), ("cardinality", c_int32), ("category", c_char * 32), ("name", c_char * 64)]


class ProcessSetup(Structure):
    _fields_ = [("mode", c_int32), ("sample_size", c_int32), ("max_frames", c_int32), ("sample_rate", c_double)]


class BusBuffers(Structure):
    _fields_ = [("channel_count", c_int32), ("silence_flags", c_uint64), ("channels", POINTER(POINTER(c_float)))]


class ProcessData(Structure):
    _fields_ = [
        ("mode", c_int32),
        ("sample_size", c_int32),
        ("frames", c_int32),
        ("input_count", c_int32),
        ("output_count", c_int32),
        ("inputs", POINTER(BusBuffers)),
        ("outputs", POINTER(BusBuffers)),
        ("input_changes", c_void_p),
        ("output_changes", c_void_p),
        ("input_events", c_void_p),
        ("output_events", c_void_p),
        ("context", c_void_p),
    ]


class ProcessContext(Structure):
    _fields_ = [
        ("state", c_uint32),
        ("sample_rate", c_double),
        ("project_samples", c_int64),
        ("system_time", c_int64),
        ("continuous_samples", c_int64),
        ("project_beats", c_double),
        ("bar_beats", c_double),
        ("cycle_start_beats", c_double),
        ("cycle_end_beats", c_double),
        ("tempo", c_double),
        ("signature", c_int32 * 2),
        ("chord", c_uint8 * 4),
        ("smpte_offset", c_int32),
        ("frame_rate", c_uint32 * 2),
        ("samples_to_next_clock", c_int32),
    ]


PLAYING, TEMPO_VALID = 1 << 1, 1 << 10


class ParameterInfo(Structure):
    _fields_ = [
        ("id", c_uint32),
        ("title", c_uint16 * 128),
        ("short_title", c_uint16 * 128),
        ("units", c_uint16 * 128),
        ("step_count", c_int32),
        ("default", c_double),
        ("unit", c_int32),
        ("flags", c_int32),
    ]


def interface_id(text):
    """The 16 bytes of an interface id, which Windows orders as COM does."""
    words = struct.unpack(">4L", bytes.fromhex(text))
    if os.name == "nt":
        return struct.pack("<LHH", words[0], words[1] >> 16, words[1] & 0xFFFF) + struct.pack(">2L", *words[2:])
    return struct.pack(">4L", *words)


COMPONENT = interface_id("E831FF31F2D54301928EBBEE25697802")
PROCESSOR = interface_id("42043F99B7DA453CA569E79D9AAEC33D")
CONTROLLER = interface_id("DCD7BBE37742448DA874AACC979C759E")


def call(pointer, place, *arguments, types=(), result=c_int32):
    """Calls a method of one of the plugin's objects."""
    table = ctypes.cast(pointer, POINTER(POINTER(c_void_p)))[0]
    return CFUNCTYPE(result, c_void_p, *types)(table[place])(pointer, *arguments)


def must(what, outcome):
    if outcome != OK:
        raise RuntimeError(f"{what} answered {outcome}")


class HostObject:
    """An object of the host that the plugin calls: three methods of every interface, then its own."""

    def __init__(self, *methods):
        base = (
            (c_int32, (c_void_p, POINTER(c_void_p)), self._query_interface),
            (c_uint32, (), lambda _: 1),
            (c_uint32, (), lambda _: 1),
        )
        self._functions = [CFUNCTYPE(result, c_void_p, *types)(method) for result, types, method in base + methods]
        self._table = (c_void_p * len(self._functions))(*[ctypes.cast(f, c_void_p).value for f in self._functions])
        self._object = c_void_p(ctypes.addressof(self._table))
        self.pointer = ctypes.addressof(self._object)

    @staticmethod
    def _query_interface(_, _id, found):
        found[0] = None
        return NO_INTERFACE


class Stream(HostObject):
    """IBStream over bytes."""

    def __init__(self, content=b""):
        self.file = io.BytesIO(content)
        super().__init__(
            (c_int32, (c_void_p, c_int32, POINTER(c_int32)), self._read),
            (c_int32, (c_void_p, c_int32, POINTER(c_int32)), self._write),
            (c_int32, (c_int64, c_int32, POINTER(c_int64)), self._seek),
            (c_int32, (POINTER(c_int64),), self._tell),
        )

    def _read(self, _, buffer, count, done):
        content = self.file.read(count)
        ctypes.memmove(buffer, content, len(content))
        if done:
            done[0] = len(content)
        return OK

    def _write(self, _, buffer, count, done):
        self.file.write(ctypes.string_at(buffer, count))
        if done:
            done[0] = count
        return OK

    def _seek(self, _, place, whence, now):
        place = self.file.seek(place, whence)
        if now:
            now[0] = place
        return OK

    def _tell(self, _, now):
        now[0] = self.file.tell()
        return OK


class Points(HostObject):
    """IParamValueQueue: all changes of one parameter in one block, as (offset, value)."""

    def __init__(self, identity, points):
        self.identity, self.points = identity, points
        super().__init__(
            (c_uint32, (), lambda _: self.identity),
            (c_int32, (), lambda _: len(self.points)),
            (c_int32, (c_int32, POINTER(c_int32), POINTER(c_double)), self._get_point),
            (c_int32, (c_int32, c_double, POINTER(c_int32)), lambda *_: NO_INTERFACE),
        )

    def _get_point(self, _, index, offset, value):
        offset[0], value[0] = self.points[index]
        return OK


class Changes(HostObject):
    """IParameterChanges: the changes of one block, a queue for each parameter."""

    def __init__(self, queues):
        self.queues = queues
        super().__init__(
            (c_int32, (), lambda _: len(self.queues)),
            (c_void_p, (c_int32,), lambda _, index: self.queues[index].pointer),
            (c_void_p, (POINTER(c_uint32), POINTER(c_int32)), lambda *_: None),
        )


class Library:
    """The plugin's binary, loaded."""

    def __init__(self, bundle):
        binaries = [
            path
            for pattern in ("Contents/*-linux/*.so", "Contents/*-win/*.vst3", "Contents/MacOS/*")
            for path in bundle.glob(pattern)
        ]
        self.code = ctypes.CDLL(str(binaries[0]))
        self._call_if_there("ModuleEntry", "InitDll", "bundleEntry")
        self.code.GetPluginFactory.restype = c_void_p
        self.factory = self.code.GetPluginFactory()
        info = ClassInfo()
        must("getClassInfo", call(self.factory, 5, 0, byref(info), types=(c_int32, c_void_p)))
        self.class_id = bytes(info.cid)
        self.name = info.name.decode()

    def _call_if_there(self, *functions):
        for function in functions:
            if hasattr(self.code, function):
                getattr(self.code, function)(c_void_p())

    def create(self):
        """A new instance's IComponent."""
        made = c_void_p()
        arguments = (self.class_id, COMPONENT, byref(made))
        types = (ctypes.c_char_p, ctypes.c_char_p, c_void_p)
        must("createInstance", call(self.factory, 6, *arguments, types=types))
        return made.value

    def unload(self):
        """As a host does when the last instance is gone. There is nothing to call after it."""
        call(self.factory, 2, result=c_uint32)
        self._call_if_there("ModuleExit", "ExitDll", "bundleExit")
        if os.name == "posix":
            import _ctypes

            _ctypes.dlclose(self.code._handle)


class Instance:
    """One plugin, stepped through its life by hand: `prepare`, `activate`, `start`, `process`, `stop`, `deactivate`,
    `remove`."""

    def __init__(self, library, channels=2, rate=48000, max_frames=8192, mode=REALTIME):
        self.component = library.create()
        self.processor = self._interface(PROCESSOR)
        self.controller = self._interface(CONTROLLER)
        must("initialize", call(self.component, 3, None, types=(c_void_p,)))
        self.ids = {}
        self.rate = rate
        # The frame at which the song is, which runs from then on; the host tells of none before.
        self.song = None
        for index in range(call(self.controller, 8)):
            info = ParameterInfo()
            must("getParameterInfo", call(self.controller, 9, index, byref(info), types=(c_int32, c_void_p)))
            title = bytes(info.title).decode("utf-16-le").split("\0")[0]
            self.ids[title] = info.id
        self.in_place = False
        self.silence_flags = 0
        self.prepare(channels, rate, max_frames, mode)

    def _interface(self, identity):
        found = c_void_p()
        outcome = call(self.component, 0, identity, byref(found), types=(ctypes.c_char_p, c_void_p))
        must("queryInterface", outcome)
        return found.value

    def prepare(self, channels, rate, max_frames=8192, mode=REALTIME):
        """Only while inactive."""
        self.channels, self.mode = channels, mode
        speakers = c_uint64(2**channels - 1)
        arguments = (byref(speakers), 1, byref(speakers), 1)
        types = (c_void_p, c_int32, c_void_p, c_int32)
        must("setBusArrangements", call(self.processor, 3, *arguments, types=types))
        setup = ProcessSetup(mode, 0, max_frames, rate)
        must("setupProcessing", call(self.processor, 7, byref(setup), types=(c_void_p,)))
        for direction in (INPUT, OUTPUT):
            arguments = (AUDIO, direction, 0, 1)
            must("activateBus", call(self.component, 10, *arguments, types=(c_int32, c_int32, c_int32, c_uint8)))

    def speakers(self):
        """The layout as the plugin names it: one bit for each speaker."""
        speakers = c_uint64()
        arguments = (INPUT, 0, byref(speakers))
        must("getBusArrangement", call(self.processor, 4, *arguments, types=(c_int32, c_int32, c_void_p)))
        return speakers.value

    def activate(self):
        must("setActive(1)", call(self.component, 11, 1, types=(c_uint8,)))

    def deactivate(self):
        must("setActive(0)", call(self.component, 11, 0, types=(c_uint8,)))

    def start(self):
        must("setProcessing(1)", call(self.processor, 8, 1, types=(c_uint8,)))

    def stop(self):
        must("setProcessing(0)", call(self.processor, 8, 0, types=(c_uint8,)))

    def remove(self, terminate=True):
        if terminate:
            must("terminate", call(self.component, 4))
        for pointer in (self.processor, self.controller, self.component):
            call(pointer, 2, result=c_uint32)

    def set_by_controller(self, label, value):
        """As the host's generic editor does."""
        arguments = (self.ids[label], value)
        must("setParamNormalized", call(self.controller, 15, *arguments, types=(c_uint32, c_double)))

    @property
    def latency(self):
        return call(self.processor, 6, result=c_uint32)

    @property
    def tail(self):
        return call(self.processor, 10, result=c_uint32)

    @property
    def state(self):
        stream = Stream()
        must("getState", call(self.component, 13, stream.pointer, types=(c_void_p,)))
        return stream.file.getvalue()

    @state.setter
    def state(self, content):
        stream = Stream(content)
        must("setState", call(self.component, 12, stream.pointer, types=(c_void_p,)))

    def process(self, block, changes=()):
        """Plays one block with changes as (offset, label, value) and returns what came out of it."""
        block = np.array(block, np.float32, order="C")
        # What the plugin does not write must not look as if it had.
        out = block if self.in_place else np.full_like(block, np.float32(123.5))
        inputs, outputs = self._bus(block), self._bus(out)
        inputs.silence_flags = self.silence_flags
        self._process(block.shape[1], 1, inputs, outputs, changes)
        return out

    def flush(self, changes):
        """Tells of changes without any sound, as hosts do while they do not play."""
        self._process(0, 0, None, None, changes)

    def _process(self, frames, bus_count, inputs, outputs, changes):
        queues = {}
        for offset, label, value in changes:
            queues.setdefault(label, []).append((offset, value))
        told = Changes([Points(self.ids[label], points) for label, points in queues.items()])
        data = ProcessData(
            mode=self.mode,
            frames=frames,
            input_count=bus_count,
            output_count=bus_count,
            inputs=inputs and ctypes.pointer(inputs),
            outputs=outputs and ctypes.pointer(outputs),
            input_changes=told.pointer,
        )
        if self.song is not None:
            data.context = self._context(frames)
        must("process", call(self.processor, 9, byref(data), types=(c_void_p,)))

    def _context(self, frames):
        """Where the song is, which runs."""
        self._told = ProcessContext(
            state=PLAYING | TEMPO_VALID, sample_rate=self.rate, project_samples=self.song, tempo=120.0
        )
        self.song += frames
        return ctypes.cast(ctypes.pointer(self._told), c_void_p)

    @staticmethod
    def _bus(sound):
        channels = (POINTER(c_float) * len(sound))(
            *[channel.ctypes.data_as(POINTER(c_float)) for channel in sound],
        )
        return BusBuffers(channel_count=len(sound), channels=channels)
