"""What the checks of all hosts share: a sound whose frames cannot be confused, the model of what a take holds, and
readers of the files that are none of our own code.

Sound is planar everywhere: an array of float32, channels × frames.
"""

import collections
import dataclasses
import pathlib
import re
import time

import minihost
import numpy as np
import soundfile

RATE = 48000

# Every size that a host might use, odd ones and single samples among them.
BLOCK_SIZES = (1, 2, 3, 16, 61, 64, 127, 441, 512, 1000, 1024, 2047, 4096, 8191, 8192)


class Failure(AssertionError):
    """A check found something else than it expected."""


@dataclasses.dataclass
class Setting:
    """What a check gets: the plugin, and the folder of its takes, which is not there yet."""

    bundle: pathlib.Path
    folder: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Change:
    """A parameter takes a normalised value from a sample on."""

    at: int
    label: str
    value: float


# Normalised values of menus: index / (count - 1).
FILE_TYPES = {"wav": 0.0, "mp3": 1 / 5, "ogg": 2 / 5, "aiff": 3 / 5, "flac": 4 / 5}
WAV, MP3 = FILE_TYPES["wav"], FILE_TYPES["mp3"]
CODECS = {"PCM_16": 0.0, "PCM_24": 1 / 3, "PCM_32": 2 / 3, "FLOAT": 1.0}
BITS = {"PCM_16": 16, "PCM_24": 24, "PCM_32": 32}


def expect(what, expected, got):
    """Fails unless both are equal."""
    if expected != got:
        raise Failure(f"{what}\n  expected: {expected!r}\n  got:      {got!r}")


def noise(channels, frames, seed=1, peak=1.0):
    """Noise in which no frame is like another, so that a lost, doubled or shifted one shows."""
    generator = np.random.default_rng(seed)
    return (generator.random((channels, frames), dtype=np.float32) * 2 - 1) * np.float32(peak)


def chirp(channels, frames, rate):
    """A rising tone that an MP3 keeps well and that shows every shift."""
    seconds = np.arange(frames) / rate
    phase = 2 * np.pi * (200 * seconds + 3000 / (2 * frames / rate) * seconds**2)
    return np.stack([0.5 * np.sin(phase + channel) for channel in range(channels)]).astype(np.float32)


def toggles(label, generator, frames, count):
    """`count` switches of one parameter, on first, at random samples that differ."""
    places = np.sort(generator.choice(frames, count, replace=False))
    return [Change(int(place), label, float(index % 2 == 0)) for index, place in enumerate(places)]


def held(frames, label, changes):
    """The value of a switch at each of `frames` frames; off at first."""
    values = np.zeros(frames, bool)
    for change in sorted((change for change in changes if change.label == label), key=lambda change: change.at):
        values[change.at :] = change.value > 0.5
    return values


def model(sound, changes):
    """The takes that must come out, each with its frames: record makes takes, pause leaves frames out, and a take
    without a frame is none."""
    frames = sound.shape[1]
    record, pause = held(frames, "Record", changes), held(frames, "Pause", changes)
    edges = np.flatnonzero(np.diff(record.astype(np.int8), prepend=0, append=0))
    takes = (sound[:, begin:end][:, ~pause[begin:end]] for begin, end in zip(edges[::2], edges[1::2], strict=True))
    return [take for take in takes if take.shape[1] > 0]


def play(host, sound, block_sizes, changes=()):
    """Plays `sound` through a host in blocks of the sizes, again and again, with each change at its exact sample, and
    expects it to come out bit for bit."""
    frames = sound.shape[1]
    pending = sorted(changes, key=lambda change: change.at)
    start, turn = 0, 0
    while start < frames:
        end = min(start + int(block_sizes[turn % len(block_sizes)]), frames)
        turn += 1
        due = [(change.at - start, change.label, change.value) for change in pending if start <= change.at < end]
        pending = [change for change in pending if change.at >= end]
        block = np.ascontiguousarray(sound[:, start:end])
        expect_same_sound(f"output of the block at frame {start}", block, host.process(block, due))
        start = end
    expect("changes behind the end of the sound", [], pending)


def expect_same_sound(what, expected, got):
    """Fails unless both hold the same bits."""
    expect(f"{what}: channels and frames", expected.shape, got.shape)
    differing = np.argwhere(expected.view(np.uint32) != got.view(np.uint32))
    if len(differing):
        channel, frame = differing[0]
        raise Failure(
            f"{what}: {len(differing)} samples differ, the first at channel {channel}, frame {frame}\n"
            f"  expected: {expected[channel, frame]!r}\n  got:      {got[channel, frame]!r}"
        )


def take_paths(folder):
    """The takes of a folder in the order of their numbers, which past -999 is not that of the alphabet."""
    return sorted(
        folder.glob("AudioFileOut-*.wav"), key=lambda path: [int(digits) for digits in re.findall(r"\d+", path.name)]
    )


def expect_takes(folder, expected, rate, codec):
    """Fails unless the WAV files of a folder are the expected takes, to the bit, with nothing else beside them."""
    paths = take_paths(folder)
    expect("files in the folder", numbered(len(expected)), names(folder.iterdir()))
    for path, take in zip(paths, expected, strict=True):
        expect_lossless(path, take, rate, codec)


def expect_same_takes(folder, expected):
    """Fails unless the files are the expected takes, given as the bytes of planar floats, in whatever order."""
    paths = take_paths(folder)
    expect("files in the folder", numbered(len(expected)), names(folder.iterdir()))
    got = [np.ascontiguousarray(soundfile.read(path, dtype="float32")[0].T).tobytes() for path in paths]
    lost = sum((collections.Counter(expected) - collections.Counter(got)).values())
    expect("takes that are in no file", 0, lost)


def numbered(count):
    """The names of so many takes in a folder that was empty before; less than a thousand."""
    return [f"AudioFileOut-{number:03}.wav" for number in range(1, count + 1)]


def names(paths):
    """File names, sorted."""
    return sorted(path.name for path in paths)


def expect_file(path):
    """Fails unless there is such a file, and says what there is instead."""
    if not path.is_file():
        there = sorted(str(other.relative_to(path.parent)) for other in path.parent.rglob("*"))
        raise Failure(f"a file is missing\n  expected: {path.name}\n  got:      {there}")


def expect_lossless(path, sound, rate, codec):
    """Fails unless the WAV, AIFF or FLAC file holds the sound: floats to the bit, integers to the nearest within full
    scale."""
    expect_file(path)
    info = soundfile.info(path)
    expect(
        f"{path.name}: format, codec, rate, channels, frames",
        (codec, rate, *sound.shape),
        (info.subtype, info.samplerate, info.channels, info.frames),
    )
    if codec == "FLOAT":
        got = soundfile.read(path, dtype="float32", always_2d=True)[0].T
        expect_same_sound(path.name, sound, np.ascontiguousarray(got))
        return
    bits = BITS[codec]
    # libsndfile gives integers left-justified. What is nearest is judged in double precision; at a tie both are.
    got = soundfile.read(path, dtype="int32", always_2d=True)[0].T.astype(np.int64) >> (32 - bits)
    full_scale = 2 ** (bits - 1)
    exact = np.clip(np.nan_to_num(sound.astype(np.float64)) * full_scale, -full_scale, full_scale - 1)
    wrong = np.argwhere(np.abs(got - exact) > 0.5)
    if len(wrong):
        channel, frame = wrong[0]
        raise Failure(
            f"{path.name}: {len(wrong)} samples are not the nearest, the first at channel {channel}, frame {frame}\n"
            f"  expected: {exact[channel, frame]!r}\n  got:      {got[channel, frame]!r}"
        )


def expect_mp3(path, sound, rate):
    """As `expect_in_step`, with a second decoder that knows the gapless length: libsndfile has mpg123, minihost has
    miniaudio."""
    expect_in_step(path, sound, rate)
    audio, audio_rate = minihost.read_audio(str(path))
    got = (audio_rate, audio.channels, audio.frames)
    expect(f"{path.name}: rate, channels, frames (miniaudio)", (rate, *sound.shape), got)


def expect_in_step(path, sound, rate):
    """Fails unless the file decodes to as many frames as the sound has, and in step with it."""
    expect_file(path)
    decoded, decoded_rate = soundfile.read(path, dtype="float32", always_2d=True)
    expect(f"{path.name}: rate, channels, frames (libsndfile)", (rate, *sound.shape), (decoded_rate, *decoded.T.shape))
    margin = 1_500
    middle = sound[0, margin : min(sound.shape[1], 200_000) - margin]
    fits = [float(np.dot(middle, decoded[lag : lag + len(middle), 0])) for lag in range(2 * margin)]
    expect(f"{path.name}: frames by which the sound is late", 0, int(np.argmax(fits)) - margin)


def is_unlocked(path):
    """Whether the file is there and no recorder has it open. Where the system has no flock, whether it is there."""
    if not path.exists():
        return False
    with open(path, "rb") as file:
        try:
            import fcntl
        except ImportError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def wait_until(what, condition, limit_seconds=20):
    """Waits for something that the plugin's own thread does; fails when it does not come."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"{what} did not happen within {limit_seconds} s")
        time.sleep(0.02)
