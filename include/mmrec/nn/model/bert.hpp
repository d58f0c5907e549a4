// mmrec/nn/model/bert.hpp - transformer encoders of text.
#pragma once
#include <cstddef>
#include <utility>

#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/layers/bert_embeddings.hpp>
#include <mmrec/nn/layers/bert_layer.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/dropout.hpp>
#include <mmrec/nn/layers/first_token.hpp>
#include <mmrec/nn/layers/l2_norm.hpp>
#include <mmrec/nn/layers/mean_pool.hpp>
#include <mmrec/nn/layers/tanh.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The sizes of a BERT: what its config.json says. The defaults are BERT-base's (uncased).
struct bert_config {
  std::size_t layers = 12;          ///< num_hidden_layers
  std::size_t hidden = 768;         ///< hidden_size
  std::size_t heads = 12;           ///< num_attention_heads
  std::size_t intermediate = 3072;  ///< intermediate_size
  std::size_t vocabulary = 30522;   ///< vocab_size
  std::size_t positions = 512;      ///< max_position_embeddings
  std::size_t types = 2;            ///< type_vocab_size; all tokens are of the first
  unsigned dropout_percent = 0;     ///< while training

  friend constexpr bool operator==(const bert_config&, const bert_config&) = default;
};

/// all-MiniLM-L6-v2 and its relatives: 22.6 million parameters.
inline constexpr bert_config minilm_l6{.layers = 6, .hidden = 384, .intermediate = 1536};
inline constexpr bert_config minilm_l12{.hidden = 384, .intermediate = 1536};
inline constexpr bert_config bert_large{.layers = 24, .hidden = 1024, .heads = 16, .intermediate = 4096};

namespace detail {
template <bert_config Config, class Indices>
struct bert_stack;
template <bert_config Config, std::size_t... Index>
struct bert_stack<Config, std::index_sequence<Index...>> {
  template <std::size_t>
  using layer = bert_layer<Config.heads, Config.intermediate, Config.dropout_percent>;
  using type = chain<layer<Index>...>;
};

template <bert_config Config, class... Head>
struct bert_network {
  using layers = typename bert_stack<Config, std::make_index_sequence<Config.layers>>::type;
  using type =
      sequential<ids, named<"embeddings", bert_embeddings<Config.vocabulary, Config.positions, Config.types, Config.hidden>>,
                 named<"encoder.layer", layers>, Head...>;
};
template <bert_config Config, class... Head>
requires(Config.dropout_percent != 0) struct bert_network<Config, Head...> {
  using layers = typename bert_stack<Config, std::make_index_sequence<Config.layers>>::type;
  using type =
      sequential<ids, named<"embeddings", bert_embeddings<Config.vocabulary, Config.positions, Config.types, Config.hidden>>,
                 dropout<Config.dropout_percent>, named<"encoder.layer", layers>, Head...>;
};
}  // namespace detail

/// A BERT without a head: a vector for each token, that knows of all the others. Names are Hugging Face's
/// (embeddings.word_embeddings.weight, encoder.layer.0.attention.self.query.weight), so that io::read_weights takes the
/// model.safetensors of a BertModel with weights_options{.ignore_others = true}, of which the pooler is left out, and of a
/// model with a head with .prefix = "bert.". Token ids come from the model's own tokenizer, [CLS] and [SEP] included.
///
///   using net = nn::bert_encoder<nn::minilm_l6>;
///   using net = nn::bert_encoder<nn::bert_config{.layers = 2, .hidden = 128, .heads = 2, .intermediate = 512}>;
///
/// Shapes     T ids -> T x hidden, T at most `positions`
/// Cost       BERT-base: 108.9 million parameters, 85 million multiplications a token and 18 432 T^2 for attention
/// Result     a text depends on itself alone, whatever is beside it in a batch; same bits for any number of threads
/// Throws     data_error from the network's entry for ids outside the vocabulary and texts beyond `positions`
/// PyTorch    transformers.BertModel(add_pooling_layer=False).last_hidden_state
/// Reference  Devlin, Chang, Lee, Toutanova, "BERT", NAACL 2019; Wang et al., "MiniLM", NeurIPS 2020
template <bert_config Config = bert_config{}>
using bert_encoder = typename detail::bert_network<Config>::type;

/// The same with BERT's pooler: a dense layer and tanh on what stands at the first token.
///
/// Shapes     T ids -> hidden
/// Cost       BERT-base: 109.5 million parameters
/// PyTorch    transformers.BertModel().pooler_output
template <bert_config Config = bert_config{}>
using bert_pooled =
    typename detail::bert_network<Config, first_token, named<"pooler.dense", dense<Config.hidden>>, tanh>::type;

/// A sentence as one vector of length 1, so that inner products are cosines: the mean over its tokens. What the
/// sentence-transformers models do, all-MiniLM-L6-v2 for one.
///
/// Shapes     T ids -> hidden
/// PyTorch    SentenceTransformer of a BertModel, pooling by mean, normalised
/// Reference  Reimers, Gurevych, "Sentence-BERT", EMNLP 2019
template <bert_config Config = minilm_l6>
using sentence_encoder = typename detail::bert_network<Config, mean_pool, l2_norm>::type;

}  // namespace nn
}  // namespace mmrec::inline v0
