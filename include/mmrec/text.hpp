// mmrec/text.hpp - the text group: from documents to sparse features.
#pragma once
#include <mmrec/text/char_ngrams.hpp>
#include <mmrec/text/count.hpp>
#include <mmrec/text/document_frequency.hpp>
#include <mmrec/text/ngrams.hpp>
#include <mmrec/text/stop_words.hpp>
#include <mmrec/text/strip_html.hpp>
#include <mmrec/text/tfidf.hpp>
#include <mmrec/text/token_ids.hpp>
#include <mmrec/text/token_lists.hpp>
#include <mmrec/text/vocabulary.hpp>
#include <mmrec/text/words.hpp>
