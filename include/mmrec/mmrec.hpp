// mmrec/mmrec.hpp - the whole library for the CPU, except what needs an optional component.
#pragma once
#include <mmrec/audio.hpp>
#include <mmrec/cf.hpp>
#include <mmrec/cluster.hpp>
#include <mmrec/core.hpp>
#include <mmrec/data.hpp>
#include <mmrec/decomp.hpp>
#include <mmrec/eval.hpp>
#include <mmrec/exec.hpp>
#include <mmrec/features.hpp>
#include <mmrec/fusion.hpp>
#include <mmrec/image.hpp>
#include <mmrec/io.hpp>
#include <mmrec/nn.hpp>
#include <mmrec/pipeline.hpp>
#include <mmrec/serve.hpp>
#include <mmrec/text.hpp>
