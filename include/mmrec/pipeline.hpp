// mmrec/pipeline.hpp - chains of stages, modalities, and recommenders made of them.
#pragma once
#include <mmrec/exec/cpu.hpp>
#include <mmrec/pipeline/chain.hpp>
#include <mmrec/pipeline/explanation.hpp>
#include <mmrec/pipeline/fit.hpp>
#include <mmrec/pipeline/mermaid.hpp>
#include <mmrec/pipeline/modality.hpp>
#include <mmrec/pipeline/model.hpp>
#include <mmrec/pipeline/operators.hpp>
#include <mmrec/pipeline/recommender.hpp>
