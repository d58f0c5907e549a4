// mmrec/pipeline/bad.hpp - something to include wrongly.
#pragma once
