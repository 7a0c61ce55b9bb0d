#!/bin/sh
# Installs Audio File Out, or takes it away: `sh install.sh --help` says how. Needs nothing but a POSIX shell.

set -eu
umask 022

name='Audio File Out'

help() {
    cat <<END
sh install.sh                         installs $name for you
sudo sh install.sh --system           installs it for everyone on this computer
sh install.sh --uninstall             takes it away again; your recordings stay
sudo sh install.sh --uninstall --system
END
}

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

uninstall=no
system=no
for option in "$@"; do
    case $option in
    --uninstall) uninstall=yes ;;
    --system) system=yes ;;
    -h | --help)
        help
        exit 0
        ;;
    *)
        help >&2
        fail "
This script does not know \"$option\". The lines above are all that it can do."
        ;;
    esac
done

# Where DAWs look: the CLAP repository's include/clap/entry.h; "Plug-in Locations" in the VST 3 developer portal.
machine=$(uname -s)
case $system-$machine in
yes-Darwin)
    # DESTDIR is for those who make packages for a whole system.
    clap=${DESTDIR:-}/Library/Audio/Plug-Ins/CLAP
    vst3=${DESTDIR:-}/Library/Audio/Plug-Ins/VST3
    ;;
yes-*)
    clap=${DESTDIR:-}/usr/lib/clap
    vst3=${DESTDIR:-}/usr/lib/vst3
    ;;
*)
    [ -n "${HOME:-}" ] || fail 'The variable HOME is empty, so nobody knows where your home folder is. Please set it and try again.'
    if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ]; then
        fail 'With sudo please add --system, which is for everyone on this computer. For you alone, please leave sudo out.'
    fi
    case $machine in
    Darwin)
        clap=$HOME/Library/Audio/Plug-Ins/CLAP
        vst3=$HOME/Library/Audio/Plug-Ins/VST3
        ;;
    *)
        clap=$HOME/.clap
        vst3=$HOME/.vst3
        ;;
    esac
    ;;
esac

cannot_write() {
    if [ "$system" = yes ]; then
        fail "Nothing can be written to $1. Please put sudo in front: sudo sh install.sh --system"
    fi
    fail "Nothing can be written to $1. Please look whether that folder is yours and the disk has room, and try again."
}

cannot_remove() {
    if [ "$system" = yes ]; then
        fail "$1 cannot be removed. Please put sudo in front, as in: sudo sh install.sh --uninstall --system"
    fi
    fail "$1 cannot be removed. Please look whether it is yours, and try again."
}

take_away() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        rm -rf "$1" || cannot_remove "$1"
        printf 'removed %s\n' "$1"
    else
        printf 'was not there: %s\n' "$1"
    fi
    # Only if it is empty.
    rmdir "$(dirname "$1")" 2>/dev/null || :
}

if [ "$uninstall" = yes ]; then
    take_away "$clap/$name.clap"
    take_away "$vst3/$name.vst3"
    printf '\nThe next scan of your DAW will no longer find %s. Your recordings are where they were.\n' "$name"
    exit 0
fi

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
if [ ! -e "$here/$name.clap" ] || [ ! -d "$here/$name.vst3" ]; then
    fail "The plugins do not lie beside this script. Please unpack the whole archive and run the install.sh in its folder."
fi
# A VST3 bundle names the machine that it is for.
case $machine in
Darwin) inside=MacOS ;;
*) inside=$(uname -m)-linux ;;
esac
if [ ! -d "$here/$name.vst3/Contents/$inside" ]; then
    fail "This package is for another kind of computer. Please get the one for $machine on $(uname -m)."
fi

# Beside their final places, so that a copy that fails half-way leaves what was there before.
new_clap=$clap/.$name.clap.new
new_vst3=$vst3/.$name.vst3.new
trap 'rm -rf "$new_clap" "$new_vst3"' EXIT
trap 'exit 1' HUP INT TERM

copy() {
    mkdir -p "$(dirname "$2")" || cannot_write "$(dirname "$2")"
    rm -rf "$2" || cannot_write "$(dirname "$2")"
    cp -R "$1" "$2" || cannot_write "$(dirname "$2")"
}

# Removed and not overwritten: a DAW that runs keeps the old file, where overwriting would pull the code from under it.
replace() {
    rm -rf "$2" || cannot_remove "$2"
    mv "$1" "$2" || cannot_write "$(dirname "$2")"
    printf 'installed %s\n' "$2"
}

copy "$here/$name.clap" "$new_clap"
copy "$here/$name.vst3" "$new_vst3"
replace "$new_clap" "$clap/$name.clap"
replace "$new_vst3" "$vst3/$name.vst3"
printf '\nNext: start your DAW, or let it scan for plugins again, and put %s on a track.\n' "$name"
