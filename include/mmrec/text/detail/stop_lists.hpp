// mmrec/text/detail/stop_lists.hpp - words that say little, by language.
#pragma once
#include <array>
#include <string_view>

namespace mmrec::inline v0 {
namespace text::detail {

// clang-format off
/// Function words, and what is left of contractions once an apostrophe has divided them.
inline constexpr std::array<std::string_view, 281> english_stop_words{{
  "a", "about", "above", "across", "after", "afterwards", "again", "against", "all", "almost", "alone", "along",
  "already", "also", "although", "always", "am", "among", "amongst", "an", "and", "another", "any", "anybody",
  "anyhow", "anyone", "anything", "anyway", "anywhere", "are", "aren", "around", "as", "at", "away", "be", "became",
  "because", "become", "becomes", "becoming", "been", "before", "beforehand", "behind", "being", "below", "beside",
  "besides", "between", "beyond", "both", "but", "by", "can", "cannot", "could", "couldn", "did", "didn", "do",
  "does", "doesn", "doing", "don", "done", "down", "during", "each", "either", "else", "elsewhere", "enough", "etc",
  "even", "ever", "every", "everybody", "everyone", "everything", "everywhere", "except", "few", "for", "former",
  "from", "further", "get", "gets", "getting", "got", "had", "hadn", "has", "hasn", "have", "haven", "having", "he",
  "hence", "her", "here", "hereby", "herein", "hers", "herself", "him", "himself", "his", "how", "however", "i", "ie",
  "if", "in", "indeed", "instead", "into", "is", "isn", "it", "its", "itself", "just", "last", "latter", "least",
  "less", "let", "ll", "many", "may", "maybe", "me", "meanwhile", "might", "mightn", "mine", "more", "moreover",
  "most", "mostly", "much", "must", "mustn", "my", "myself", "namely", "neither", "never", "nevertheless", "no",
  "nobody", "none", "nor", "not", "nothing", "now", "nowhere", "of", "off", "often", "on", "once", "one", "only",
  "onto", "or", "other", "others", "otherwise", "ought", "our", "ours", "ourselves", "out", "over", "own", "per",
  "perhaps", "please", "put", "quite", "rather", "re", "really", "same", "seem", "seemed", "seeming", "seems",
  "several", "shall", "shan", "she", "should", "shouldn", "since", "so", "some", "somebody", "somehow", "someone",
  "something", "sometime", "sometimes", "somewhere", "still", "such", "than", "that", "the", "their", "theirs",
  "them", "themselves", "then", "there", "thereafter", "thereby", "therefore", "therein", "these", "they", "this",
  "those", "though", "through", "throughout", "thus", "to", "together", "too", "toward", "towards", "under", "unless",
  "until", "up", "upon", "us", "ve", "very", "via", "was", "wasn", "we", "well", "were", "weren", "what", "whatever",
  "when", "whenever", "where", "whereas", "whereby", "wherein", "wherever", "whether", "which", "while", "who",
  "whoever", "whole", "whom", "whose", "why", "will", "with", "within", "without", "won", "would", "wouldn", "yet",
  "you", "your", "yours", "yourself", "yourselves",
}};

/// Function words in simplified and traditional characters.
inline constexpr std::array<std::string_view, 380> chinese_stop_words{{
  "一", "一下", "一个", "一些", "一個", "一切", "一定", "一样", "一樣", "一直", "一种", "一種", "一般", "上", "上來",
  "上来", "下來", "下来", "不", "不会", "不是", "不會", "不管", "不能", "不过", "不過", "与", "且", "並", "並且",
  "为", "为了", "为什么", "为何", "乃", "么", "之", "之一", "之前", "之后", "之後", "之間", "之间", "也", "也許",
  "也许", "了", "于", "于是", "什么", "什麼", "仅", "仅仅", "仍", "仍然", "从", "他", "他们", "他們", "以", "以上",
  "以下", "以來", "以前", "以及", "以后", "以後", "以来", "们", "会", "但", "但是", "何时", "何時", "作为", "作為",
  "你", "你们", "你們", "來", "例如", "依然", "便", "們", "假如", "僅", "僅僅", "全", "全部", "关于", "其", "其中",
  "其他", "其它", "再", "几", "几乎", "几时", "出來", "出来", "则", "刚", "刚刚", "別", "别", "到", "十分", "即",
  "即使", "却", "又", "及", "另", "另外", "只", "只是", "只有", "只能", "只要", "可", "可以", "可是", "可能", "各",
  "各个", "各個", "同", "同时", "同時", "同样", "同樣", "向", "吗", "吧", "呀", "呢", "和", "咱们", "咱們", "哇",
  "哎", "哦", "哪", "哪个", "哪些", "哪個", "哪儿", "哪裡", "哪里", "唉", "啊", "啦", "嗎", "嗯", "嘛", "因为",
  "因此", "因為", "因而", "在", "地", "多", "多少", "大家", "大概", "太", "她", "她们", "她們", "如何", "如果", "它",
  "它们", "它們", "对", "对于", "将", "将要", "將", "將要", "對", "對於", "少", "尤其", "就", "尽管", "左右",
  "差不多", "已", "已經", "已经", "常", "常常", "并", "并且", "幾", "幾乎", "幾時", "应当", "应该", "当", "往",
  "往往", "很", "很多", "得", "從", "必須", "必须", "怎么", "怎么样", "怎样", "怎樣", "怎麼", "怎麼樣", "总", "总是",
  "應當", "應該", "成为", "成為", "我", "我们", "我們", "或", "或者", "或許", "或许", "所", "所以", "所有", "才",
  "把", "按", "按照", "於", "於是", "无论", "既", "既然", "是", "是否", "更", "更加", "曾", "曾經", "曾经", "最",
  "會", "有", "有些", "有时", "有時", "有的", "未", "本身", "来", "某", "某些", "根据", "正", "正在", "此", "此外",
  "每", "每个", "每個", "比", "比如", "比较", "沒", "沒有", "没", "没有", "為", "為了", "為什麼", "為何", "無論",
  "然而", "特別", "特别", "甚至", "用", "由", "由于", "由於", "當", "的", "盡管", "相当", "相當", "着", "等", "等等",
  "給", "經常", "經過", "總", "總是", "经常", "经过", "给", "而", "而且", "能", "能否", "能够", "自", "自己", "自身",
  "至", "與", "若", "莫", "虽然", "被", "要", "要是", "許多", "該", "認為", "誰", "譬如", "讓", "认为", "让", "许多",
  "该", "谁", "起來", "起来", "跟", "过", "还", "还是", "还有", "这", "这个", "这么", "这些", "这儿", "这样", "这里",
  "這", "這些", "這個", "這儿", "這樣", "這裡", "這麼", "通过", "通過", "過", "還", "還是", "還有", "那", "那个",
  "那么", "那些", "那個", "那儿", "那样", "那樣", "那裡", "那里", "那麼", "都", "都是", "關於", "除", "除了", "除非",
  "随着", "隨着", "雖然", "非", "非常", "麼",
}};
// clang-format on

}  // namespace text::detail
}  // namespace mmrec::inline v0
