// mmrec/data/split.hpp - every split of a data set into train, validation and test.
#pragma once
#include <mmrec/data/split/by_time.hpp>
#include <mmrec/data/split/by_user.hpp>
#include <mmrec/data/split/folded.hpp>
#include <mmrec/data/split/given.hpp>
#include <mmrec/data/split/new_users.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/data/split/random.hpp>
