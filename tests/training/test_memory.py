"""What counts as a want of memory, and what does not."""

import errno
import os

import pytest
import torch

from tuning_curves.training.devices import is_shortage


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 12 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        os_error(errno.ENOMEM),
    ],
    ids=lambda error: f"{type(error).__name__} {error}"[:50],
)
def test_a_shortage(error: BaseException) -> None:
    assert is_shortage(error)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("CUDA error: device-side assert triggered"), os_error(errno.ENOSPC), OSError()],
    ids=lambda error: f"{type(error).__name__} {error}"[:50],
)
def test_no_shortage(error: BaseException) -> None:
    assert not is_shortage(error)
