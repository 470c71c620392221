### O que o Heimdallr diz, em português. As mesmas mensagens estão em en.ftl.

## Por que uma medida não tem valor

task_not_run = a tarefa { $task } não foi executada: { $reason }
not_requested = não solicitada
weights_not_installed = os pesos de { $task } não estão instalados
no_tissue_weights = não há pesos instalados para nenhuma via de segmentação de tecidos
licence_needed = requer um número de licença do TotalSegmentator
no_brain_in_view = encéfalo fora do exame ({ NUMBER($seen_cm3, maximumFractionDigits: 0) } de ao menos { $needed_cm3 } cm³)
region_not_covered = a região "{ $region }" não está coberta por este volume
not_segmented = não segmentado neste volume: { $structure }
not_segmented_on_slice = não segmentado neste corte: { $structure }
fragment = apenas { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ segmentados ({ $structure }): um fragmento, não a estrutura
poorly_segmented = os pesos incluídos não segmentam bem o suficiente para medir: { $structure }
left_out_by_bundled_weights = os pesos incluídos não segmentam: { $structure }
unsure = as redes incluídas não têm certeza: { $structure } (confiança { NUMBER($confidence, minimumFractionDigits: 2, maximumFractionDigits: 2) })
mislabelled = o que foi rotulado como { $structure } mede { NUMBER($median_hu, maximumFractionDigits: 0) } HU: rótulo errado
truncated = cortado { $count ->
    [one] na borda
   *[other] nas bordas
} { $edges }
level_truncated = { $level } está cortada { $count ->
    [one] na borda
   *[other] nas bordas
} { $edges }
muscle_cut_by_field_of_view = músculo cortado pelo campo de visão ({ $edges })
cut_by_field_of_view = cortado pelo campo de visão ({ $edges })
analysis_broke = { $analysis } falhou: { $error }

region_without_structures = a tarefa { $task } não tem estruturas da região "{ $region }"
no_region_covered = nenhuma região tem estruturas de referência suficientes neste volume
phase_is_for_ct = a fase de contraste é definida só para TC
virtual_image_shows_no_phase = uma imagem virtual não mostra a fase de contraste
phase_regressors_disagree = os regressores discordam quanto ao tempo após a injeção (desvio-padrão { NUMBER($spread_s, maximumFractionDigits: 1) } s, no máximo { $limit_s } s)
phase_contradicted = fase { $phase } é impossível com { NUMBER($median_hu, maximumFractionDigits: 0) } HU em { $structure }
phase_contradicted_by_veins = fase { $phase } é impossível com { NUMBER($artery_hu, maximumFractionDigits: 0) } e { NUMBER($vein_hu, maximumFractionDigits: 0) } HU em { $structures }
too_few_structures_for_phase = { $seen } das { $known } estruturas usadas para ler a fase estão no exame; são necessárias ao menos { $needed }, com um vaso, o coração ou o fígado
mr_has_no_hounsfield_units = intensidades de RM não são unidades Hounsfield
little_left_after_erosion = restam apenas { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ após erosão de { $erosion_mm } mm
tissue_needs_attenuation = os tecidos são distinguidos pela atenuação, que não existe na RM
only_head_and_neck_in_view = somente cabeça e pescoço estão no exame
muscle_needs_attenuation = o músculo é distinguido da gordura pela atenuação, que não existe na RM
little_muscle_at_level = apenas { NUMBER($area_cm2, maximumFractionDigits: 1) } cm² de músculo segmentados em { $level }
height_unknown = a altura do paciente não é conhecida

few_whole_vertebrae = apenas { $count } vértebras inteiras no exame: a rotulagem não pode ser verificada
vertebrae_out_of_order = rotulagem vertebral inconsistente: { $lower } está acima de { $upper }
vertebrae_unevenly_spaced = rotulagem vertebral inconsistente: o espaço { $upper }-{ $lower } é { NUMBER($ratio, minimumFractionDigits: 2, maximumFractionDigits: 2) } do de seus vizinhos
vertebra_in_two_places = rotulagem vertebral inconsistente: { $level } aparece em dois lugares

task_reads_ct_only = a tarefa { $task } lê apenas TC
no_bleed_segmented = nenhuma hemorragia intracerebral segmentada; isso não exclui sangramento
no_bleed_within_brain = nenhuma hemorragia intracerebral segmentada ({ $dropped_voxels } voxels fora do encéfalo descartados); isso não exclui sangramento
bleed_truncated = sangramento cortado { $count ->
    [one] na borda
   *[other] nas bordas
} { $edges }
no_ventricle_segmented = nenhum ventrículo segmentado neste volume

## Títulos dos achados: finding_ e o código do achado

finding_intracerebral_haemorrhage = Hemorragia intracerebral, { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_intracerebral_haemorrhage_large = Hemorragia intracerebral, grande (≥ { $limit_cm3 } cm³): { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_low_muscle_mass = Massa muscular esquelética baixa em L3
finding_low_muscle_attenuation = Atenuação muscular esquelética baixa em L3
finding_splenomegaly = Baço aumentado, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³
finding_liver_steatosis = Atenuação hepática na faixa de esteatose, { NUMBER($liver_hu, maximumFractionDigits: 0) } HU
finding_truncated_coverage = Não está inteiro no volume: { $structures }

## O que todo leitor precisa saber, e o que enfraquece um achado

bundled_weights = pesos incluídos no pacote — não usar clinicamente
age_unknown = a idade do paciente não é conhecida; foram aplicados valores de adultos
picture_not_drawn = { $file } não pôde ser desenhado: { $error }

attenuation_unknown = o cabeçalho não diz como os valores dos pixels se tornam unidades Hounsfield
monoenergetic_image = medido em imagem monoenergética virtual ({ $energy_kev } keV): a atenuação depende dessa energia
virtual_non_contrast_image = medido em imagem virtual sem contraste: a atenuação foi calculada pelo aparelho
virtual_image = medido em imagem virtual: a atenuação foi calculada pelo aparelho
lung_kernel = reconstruído com kernel de pulmão: os desvios-padrão da atenuação são maiores, e as médias junto às bordas não são confiáveis
bone_kernel = reconstruído com kernel de osso: os desvios-padrão da atenuação são maiores, e as médias junto às bordas não são confiáveis
lossy_compression_ratio = as imagens foram comprimidas com perda ({ $method ->
    [unknown] por método desconhecido
   *[other] { $method }
}, { $ratio }:1): desvios-padrão da atenuação e estruturas pequenas não são confiáveis
lossy_compression = as imagens foram comprimidas com perda ({ $method ->
    [unknown] por método desconhecido
   *[other] { $method }
}): desvios-padrão da atenuação e estruturas pequenas não são confiáveis
perhaps_lossy_compression = as imagens podem ter sido comprimidas com perda ({ $method }): o cabeçalho não diz
