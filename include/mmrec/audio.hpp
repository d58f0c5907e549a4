// mmrec/audio.hpp - everything of the audio group.
#pragma once
#include <mmrec/audio/log_mel.hpp>
#include <mmrec/audio/mask.hpp>
#include <mmrec/audio/mel.hpp>
#include <mmrec/audio/mfcc.hpp>
#include <mmrec/audio/pool.hpp>
#include <mmrec/audio/resample.hpp>
#include <mmrec/audio/spectral_gate.hpp>
#include <mmrec/audio/stft.hpp>
#include <mmrec/audio/window.hpp>
