// train_titles - what is a text about? A network that reads its words in their order, beside one that has them in a bag.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include <mmrec/io/weights.hpp>
#include <mmrec/nn.hpp>
#include <mmrec/nn/parallel.hpp>
#include <mmrec/pipeline.hpp>
#include <mmrec/text.hpp>
#include <mmrec/text/token_ids.hpp>

#include "texts.hpp"
#include "training/options.hpp"
#include "training/run.hpp"

namespace mm = mmrec;
namespace nn = mmrec::nn;

/// Looks for phrases of Width tokens; each filter says how sure it is of its phrase anywhere in the text.
template <std::size_t Width>
using phrases = nn::chain<nn::conv1d<64, Width>, nn::relu, nn::global_max_pool>;

template <std::size_t Tokens, std::size_t Ngrams, std::size_t Classes>
using text_net =
    nn::sequential<nn::branches<nn::concat,
                                nn::branch<"order", nn::sequential<nn::ids, nn::embedding<Tokens, 64>, nn::dropout<50>,
                                                                   nn::parallel<phrases<1>, phrases<3>, phrases<5>>>>,
                                nn::branch<"bag", nn::sequential<nn::ids, nn::embedding_bag<Ngrams, 96>>>>,
                   nn::dropout<70>, nn::dense<Classes>>;

/// Vectors of tokens start small: what a token says is learned, and not noise that a text's few tokens cannot average out.
struct quiet_vectors {
  template <class Net>
  void operator()(nn::weights<Net>& fresh) const {
    for (const nn::tensor_info& tensor : nn::tensors_of<Net>()) {
      if (!tensor.spec.sparse) continue;
      for (std::size_t i = 0; i < tensor.spec.size(); ++i) fresh.parameters[tensor.offset + i] *= 0.01f;
    }
  }
};

using how_to_train = nn::training<nn::loss::softmax_cross_entropy, nn::adamw, nn::schedule::cosine>;

/// Texts as the ids of their tokens, and of their n-grams of one and two tokens.
struct encoded {
  mm::data::sequences<std::int32_t> tokens, ngrams;
  std::vector<std::uint32_t> classes;

  static auto source(const mm::data::sequences<std::int32_t>& ids) {
    return nn::ragged<std::int32_t>{ids.values(), ids.starts()};
  }
  auto as_they_are() const { return nn::labelled(nn::bundle_of(source(tokens), source(ngrams)), classes); }
  /// Anew in each epoch: one in ten tokens is read as an unknown one.
  auto varied() const {
    const auto forget = [](std::int32_t* ids, std::size_t length, mm::random_stream& random) {
      for (std::size_t i = 0; i < length; ++i) {
        if (random.below(10) == 0) ids[i] = mm::text::unknown_token_id;
      }
    };
    return nn::labelled(nn::bundle_of(nn::augmented(source(tokens), forget), nn::augmented(source(ngrams), forget)),
                        classes);
  }
};

template <std::size_t Tokens, std::size_t Ngrams, std::size_t Classes>
void train(const training::options& asked, const std::string& name, titles::parts texts, std::size_t max_length,
           const how_to_train& how) {
  const mm::exec::cpu exec{.threads = asked.threads};
  if (asked.all) texts.train_on_validation();
  // Chinese is cut into characters, everything else into words.
  const mm::text::words words{.min_length = 1, .cjk_runs = mm::text::cjk::single};
  const auto tokens = (words | mm::text::token_ids{.min_df = 2, .max_features = Tokens - 2, .max_length = max_length})
                          .fit(exec, texts.known.documents);
  const auto ngrams = (words | mm::text::ngrams{.max_n = 2} |
                       mm::text::token_ids{.min_df = 2, .max_features = Ngrams - 2, .max_length = 2 * max_length})
                          .fit(exec, texts.known.documents);
  const auto encode = [&](const titles::texts& part) {
    return encoded{tokens.transform(exec, part.documents), ngrams.transform(exec, part.documents), part.classes};
  };
  const encoded known = encode(texts.known), validation = encode(texts.validation), test = encode(texts.test);
  std::printf("%zu %s to train on, %zu to choose the best epoch by, %zu to test; %zu tokens, %zu n-grams\n",
              known.classes.size(), asked.made_up() ? "made-up texts" : "texts", validation.classes.size(),
              test.classes.size(), tokens.right().ids(), ngrams.right().ids());

  const auto trained = training::run<text_net<Tokens, Ngrams, Classes>>(asked, name, how, known.varied(),
                                                                        validation.as_they_are(), quiet_vectors{});
  training::judge(asked, name, trained.current, test.as_they_are());
  training::write_curves(asked, name, {{name, trained.history}});
  if (!asked.save.empty()) mm::io::write_weights(asked.save, trained.current);
}

int main(int argc, char** argv) {
  training::options asked;
  std::string task = "titles";
  CLI::App app{"Trains a network to tell what texts are about."};
  training::add_options(app, asked, "a folder with dev.txt and test.txt of titles, or with 20news-bydate-train and -test");
  app.add_option("--task", task, "Chinese titles of news, or English messages")
      ->check(CLI::IsMember({"titles", "newsgroups"}));
  CLI11_PARSE(app, argc, argv);

  return training::guarded("train_titles", [&] {
    if (task == "titles") {
      train<4000, 40000, 10>(
          asked, "News titles",
          asked.made_up() ? titles::make_parts(10, 12, mm::seed{asked.seed}) : titles::read_titles_of(asked.data), 40,
          {.optimizer = {.learning_rate = 5e-3}, .epochs = asked.epochs_or(asked.made_up() ? 8 : 14), .batch_size = 32});
    } else {
      train<20000, 100000, 4>(
          asked, "Newsgroups",
          asked.made_up() ? titles::make_parts(4, 40, mm::seed{asked.seed}) : titles::read_newsgroups(asked.data), 400,
          {.optimizer = {.learning_rate = 5e-3}, .epochs = asked.epochs_or(asked.made_up() ? 6 : 8), .batch_size = 32});
    }
  });
}
