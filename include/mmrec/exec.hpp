// mmrec/exec.hpp - everything of the exec group.
#pragma once
#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/thread_pool.hpp>
