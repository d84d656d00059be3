"""The few calls of libSoapySDR 0.8 that a receiver needs, through ctypes: the same library serves every Python.

Nothing is loaded before it is asked for. Names and signatures are those of SoapySDR/Device.h, version 0.8.
"""

import ctypes
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_long, c_longlong, c_size_t, c_void_p
from functools import cache
from typing import Final

from sdr.receiver import ReceiverError

__all__ = ["OVERFLOW", "RX", "TIMEOUT", "Kwargs", "Range", "load"]

LIBRARY: Final = "libSoapySDR.so.0.8"

RX: Final = 1
TIMEOUT: Final = -1
OVERFLOW: Final = -4


class Kwargs(ctypes.Structure):
    """SoapySDRKwargs: names and values."""

    _fields_ = (("size", c_size_t), ("keys", POINTER(c_char_p)), ("vals", POINTER(c_char_p)))


class Range(ctypes.Structure):
    """SoapySDRRange: what a setting may be."""

    _fields_ = (("minimum", c_double), ("maximum", c_double), ("step", c_double))


CHANNEL: Final = (c_void_p, c_int, c_size_t)
SIGNATURES: Final = {
    "SoapySDR_errToStr": (c_char_p, (c_int,)),
    "SoapySDRDevice_lastError": (c_char_p, ()),
    "SoapySDRDevice_enumerateStrArgs": (POINTER(Kwargs), (c_char_p, POINTER(c_size_t))),
    "SoapySDRKwargsList_clear": (None, (POINTER(Kwargs), c_size_t)),
    "SoapySDRDevice_makeStrArgs": (c_void_p, (c_char_p,)),
    "SoapySDRDevice_unmake": (c_int, (c_void_p,)),
    "SoapySDRDevice_getHardwareKey": (c_void_p, (c_void_p,)),
    "SoapySDRDevice_getFrequencyRange": (POINTER(Range), (*CHANNEL, POINTER(c_size_t))),
    "SoapySDRDevice_getNativeStreamFormat": (c_void_p, (*CHANNEL, POINTER(c_double))),
    "SoapySDRDevice_setSampleRate": (c_int, (*CHANNEL, c_double)),
    "SoapySDRDevice_setFrequency": (c_int, (*CHANNEL, c_double, POINTER(Kwargs))),
    "SoapySDRDevice_hasFrequencyCorrection": (c_bool, CHANNEL),
    "SoapySDRDevice_setFrequencyCorrection": (c_int, (*CHANNEL, c_double)),
    "SoapySDRDevice_hasGainMode": (c_bool, CHANNEL),
    "SoapySDRDevice_setGainMode": (c_int, (*CHANNEL, c_bool)),
    "SoapySDRDevice_setGain": (c_int, (*CHANNEL, c_double)),
    "SoapySDRDevice_getGain": (c_double, CHANNEL),
    "SoapySDRDevice_setupStream": (c_void_p, (c_void_p, c_int, c_char_p, POINTER(c_size_t), c_size_t, POINTER(Kwargs))),
    "SoapySDRDevice_getStreamMTU": (c_size_t, (c_void_p, c_void_p)),
    "SoapySDRDevice_activateStream": (c_int, (c_void_p, c_void_p, c_int, c_longlong, c_size_t)),
    "SoapySDRDevice_readStream": (
        c_int,
        (c_void_p, c_void_p, POINTER(c_void_p), c_size_t, POINTER(c_int), POINTER(c_longlong), c_long),
    ),
    "SoapySDRDevice_deactivateStream": (c_int, (c_void_p, c_void_p, c_int, c_longlong)),
    "SoapySDRDevice_closeStream": (c_int, (c_void_p, c_void_p)),
    "SoapySDR_free": (None, (c_void_p,)),
}


@cache
def load() -> ctypes.CDLL:
    """The library, each call with its signature.

    Raises
    ------
    ReceiverError
        If it is not there, or of another version.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise ReceiverError(
            f"soapy: {LIBRARY} cannot be used ({error}); on Debian: apt-get install libsoapysdr0.8 and the "
            "soapysdr-module of your radio"
        ) from error
    return library
