// mmrec/mmrec.hpp - the whole library for the CPU, except what needs an optional component.
#pragma once
#include <mmrec/core.hpp>
