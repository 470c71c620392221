### O que o Heimdallr diz, em português. As mesmas mensagens estão em en.ftl.

## Por que uma medida não tem valor

task_not_run = a tarefa { $task } não foi executada: { $reason }
not_requested = não solicitada
weights_not_installed = os pesos de { $task } não estão instalados
body_needs_attenuation = o corpo é separado do que está à sua volta pela atenuação, que a RM não tem
package_not_installed = o pacote { $package } não está instalado
lesion_not_segmented = não foi segmentado: { $structure }; isso não o exclui
no_tissue_weights = não há pesos instalados para nenhuma via de segmentação de tecidos
licence_needed = requer um número de licença do TotalSegmentator
not_in_view = { $structure } fora do exame ({ NUMBER($seen_cm3, maximumFractionDigits: 0) } de ao menos { $needed_cm3 } cm³)
region_not_covered = a região "{ $region }" não está coberta por este volume
region_not_measured = parte da série não foi medida; a região "{ $region }" pode estar ali
not_in_measured_part = não segmentado: { $structure }; mas parte da região "{ $region }" não foi medida
not_segmented = não segmentado neste volume: { $structure }
not_segmented_on_slice = não segmentado neste corte: { $structure }
fragment = apenas { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ segmentados ({ $structure }): um fragmento, não a estrutura
poorly_segmented = os pesos incluídos não segmentam bem o suficiente para medir: { $structure }
left_out_by_bundled_weights = os pesos incluídos não segmentam: { $structure }
unsure = as redes incluídas não têm certeza: { $structure } (confiança { NUMBER($confidence, minimumFractionDigits: 2, maximumFractionDigits: 2) })
mislabelled = o que foi rotulado como { $structure } mede { NUMBER($median_hu, maximumFractionDigits: 0) } HU: rótulo errado
outside_body = { NUMBER($percent, maximumFractionDigits: 0) } % do que foi rotulado como { $structure } está fora do corpo: rótulo errado
lies_too_high = o que foi rotulado como { $structure } está alto demais em relação a { $structures }: rótulo errado
lies_too_low = o que foi rotulado como { $structure } está baixo demais em relação a { $structures }: rótulo errado
apart_from = o que foi rotulado como { $structure } não alcança { $structures }: rótulo errado
in_pieces = o que foi rotulado como { $structure } está em { $count } pedaços: rótulo errado
sprawling = o que foi rotulado como { $structure } é muito maior do que o outro e não tem a sua forma: rótulo errado
larger_than_other = { $structure }: { NUMBER($times, maximumFractionDigits: 1) } vezes o tamanho do outro: dilatado, com massa, ou um erro
hollow_body = o que foi examinado é oco: um objeto de teste
other_sex = o que foi rotulado como { $structure } não pode sê-lo: o paciente é { $sex ->
    [M] homem
   *[F] mulher
}: rótulo errado
structure_rejected_by_person = uma pessoa não aceita o que foi rotulado como { $structure }: { $rejection }
rejected_by_person = uma pessoa não aceita este resultado: { $rejection }
side_unknown = a imagem não diz qual lado é o esquerdo e qual o direito
truncated = cortado { $count ->
    [one] na borda
   *[other] nas bordas
} { $edges } ({ NUMBER($percent, maximumFractionDigits: 0) } % de sua maior secção)
level_truncated = { $level } está cortada { $count ->
    [one] na borda
   *[other] nas bordas
} { $edges }
aorta_segment_in_part = só uma parte deste segmento está no campo: ele continua além { $count ->
    [one] da borda
   *[other] das bordas
} { $edges } e pode ser mais largo ali
aorta_label_ends = a segmentação termina sem alcançar o coração ou as artérias ilíacas: o vaso pode continuar e ser mais largo
aorta_segment_not_seen = nenhuma parte deste segmento está no campo
aorta_border_unknown = não se sabe onde este segmento começa e termina: nem os níveis vertebrais nem os rins o indicam
aorta_not_whole = o vaso não está inteiro no campo
aortic_bifurcation_not_seen = o término da aorta nas artérias ilíacas não está no campo
vessel_too_short = há muito pouco no campo para reconhecer o trajeto: { $structure }
too_coarse_for_diameters = os pesos incluídos são grosseiros demais para medir diâmetros: { $structure }
too_coarse_for_length = os pesos incluídos delineiam os polos de forma grosseira demais para medir o comprimento: { $structure }
muscle_cut_by_field_of_view = músculo cortado na borda { $edges }
cut_by_field_of_view = cortado na borda { $edges }
analysis_broke = { $analysis } falhou: { $error }

region_without_structures = a tarefa { $task } não tem estruturas da região "{ $region }"
no_patient = nada aqui foi reconhecido como anatomia de um paciente: um objeto de teste, ou uma parte do corpo que as redes não conhecem
no_region_covered = nenhuma região tem estruturas de referência suficientes neste volume
phase_is_for_ct = a fase de contraste é definida só para TC
virtual_image_shows_no_phase = uma imagem virtual não mostra a fase de contraste
phase_regressors_disagree = os regressores discordam quanto ao tempo após a injeção (desvio-padrão { NUMBER($spread_s, maximumFractionDigits: 1) } s, no máximo { $limit_s } s)
phase_contradicted = fase { $phase } é impossível com { NUMBER($median_hu, maximumFractionDigits: 0) } HU em { $structure }
phase_contradicted_by_veins = fase { $phase } é impossível com { NUMBER($artery_hu, maximumFractionDigits: 0) } e { NUMBER($vein_hu, maximumFractionDigits: 0) } HU em { $structures }
phase_later_than_regressors_know = o meio de contraste já é excretado; os regressores não conhecem tempos tão tardios
too_few_structures_for_phase = { $seen } das { $known } estruturas usadas para ler a fase estão no exame; são necessárias ao menos { $needed }, com um vaso, o coração ou o fígado
mr_has_no_hounsfield_units = intensidades de RM não são unidades Hounsfield
virtual_attenuation = estas unidades Hounsfield foram calculadas pelo tomógrafo; não são as de um tubo convencional
native_phase_not_known = não se sabe se foi administrado meio de contraste
needs_unenhanced_ct = é preciso TC sem contraste; a fase é { $phase }
contrast_in_bladder = a bexiga mede { NUMBER($median_hu, maximumFractionDigits: 0) } HU: contraste excretado não se distingue de cálculo
vessel_enhanced = { $structure }: { NUMBER($median_hu, maximumFractionDigits: 0) } HU; o meio de contraste não se distingue de cálcio
voltage_unknown = a tensão do tubo não é conhecida
voltage_outside = a tensão do tubo é de { NUMBER($kvp, maximumFractionDigits: 0) } kVp; os limites valem de { NUMBER($low_kvp, maximumFractionDigits: 0) } a { NUMBER($high_kvp, maximumFractionDigits: 0) }
slices_too_thick = cortes de { NUMBER($slice_mm, maximumFractionDigits: 1) } mm são espessos ou espaçados demais; no máximo { NUMBER($at_most_mm, maximumFractionDigits: 1) } mm
pixels_too_large = pixels de { NUMBER($pixel_mm, maximumFractionDigits: 1) } mm são grandes demais; no máximo { NUMBER($at_most_mm, maximumFractionDigits: 1) } mm
kernel_too_sharp = o kernel { $kernel } é duro demais: realça ruído e bordas
kernel_not_known = o kernel de convolução não é conhecido
holds_from_age = vale a partir de { NUMBER($from_years, maximumFractionDigits: 0) } anos; idade do paciente: { NUMBER($age_years, maximumFractionDigits: 0) }
no_stone = nenhum cálculo encontrado ({ $structure })
bright_piece_leaves_kidney = algo denso sai do órgão ({ $structure }; um cateter, um dreno): cálculos não se distinguem dele
noise_like_calcium = ruído de { NUMBER($noise_hu, maximumFractionDigits: 0) } HU ({ $structure }): cálcio não se distingue dele
metal_in = { NUMBER($peak_hu, maximumFractionDigits: 0) } HU em ou junto a { $structure }: metal
vessel_not_followed = { $structure }: segmentada em apenas { NUMBER($percent, maximumFractionDigits: 0) } % dos cortes de T12 a L4
lobe_truncated = { $structure }: cortado { $count ->
    [one] na borda
   *[other] nas bordas
} { $edges } ({ NUMBER($percent, maximumFractionDigits: 0) } % de sua maior secção)
lungs_not_inflated = os pulmões contêm { NUMBER($volume_l, maximumFractionDigits: 1) } L, { NUMBER($percent, maximumFractionDigits: 0) } % da capacidade prevista: sem inspiração completa
trachea_bulges_in = a parede posterior da traqueia está abaulada para dentro (preenchimento { NUMBER($share, maximumFractionDigits: 2) }): exame em expiração
little_left_after_erosion = restam apenas { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ após erosão de { $erosion_mm } mm
tissue_needs_attenuation = os tecidos são distinguidos pela atenuação, que não existe na RM
only_head_and_neck_in_view = somente cabeça e pescoço estão no exame
muscle_needs_attenuation = o músculo é distinguido da gordura pela atenuação, que não existe na RM
little_muscle_at_level = apenas { NUMBER($area_cm2, maximumFractionDigits: 1) } cm² de músculo segmentados em { $level }
height_unknown = a altura do paciente não é conhecida
height_or_weight_unknown = a altura ou o peso do paciente não são conhecidos
little_liver = apenas { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³ de fígado em { NUMBER($height_mm, maximumFractionDigits: 0) } mm no campo; são necessários pelo menos { $needed_cm3 } cm³ e { $needed_mm } mm
needs_portal_venous_ct = vale para TC na fase portal; a fase é { $phase }
fat_fraction_is_mr = o mapa de fração de gordura é feito por RM
no_fat_fraction_map = a série medida não é um mapa de fração de gordura
fat_fraction_of_unknown_scale = o cabeçalho do mapa de fração de gordura não diz se os valores são porcentagens
fat_fraction_out_of_range = o mapa de fração de gordura não está na escala que o cabeçalho indica: os valores do fígado vão de { NUMBER($low_percent, maximumFractionDigits: 0) } a { NUMBER($high_percent, maximumFractionDigits: 0) } %

few_whole_vertebrae = apenas { $count } { $count ->
    [one] vértebra inteira
   *[other] vértebras inteiras
} no exame: a rotulagem não pode ser verificada
vertebrae_out_of_order = rotulagem vertebral inconsistente: { $lower } está acima de { $upper }
vertebrae_unevenly_spaced = rotulagem vertebral inconsistente: o espaço { $upper }-{ $lower } é { NUMBER($ratio, minimumFractionDigits: 2, maximumFractionDigits: 2) } do de seus vizinhos
vertebra_of_odd_volume = rotulagem vertebral inconsistente: { $level } tem { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³, suas vizinhas cerca de { NUMBER($usual_cm3, maximumFractionDigits: 0) }
no_level_anchor = nem o sacro nem as últimas ou primeiras costelas estão no campo de visão para dizer qual vértebra é qual
only_weak_level_anchors = nem o sacro nem as últimas ou primeiras costelas estão no campo de visão para dizer qual vértebra é qual; com margem de { $levels } { $levels ->
    [one] nível
   *[other] níveis
}, os nomes das vértebras são compatíveis com a posição de: { $landmarks }
level_contradicts_landmark = os níveis vertebrais são incertos: o que se espera de { $upper } a { $lower } ({ $landmark }) está ao lado da vértebra rotulada { $level }
level_contradicts_anchor = os níveis vertebrais são incertos: { $anchor ->
    [sacrum] a vértebra acima do sacro
    [last_rib] a última vértebra com costelas
   *[first_rib] a primeira vértebra com costelas
} está rotulada { $level } e não { $expected }
transitional_vertebra = suspeita de vértebra de transição: { $count } vértebras entre as últimas costelas e o sacro, portanto os níveis lombares são incertos
levels_need_ct = os níveis são verificados somente em TC
vertebra_in_two_places = rotulagem vertebral inconsistente: { $level } aparece em dois lugares

task_reads_ct_only = a tarefa { $task } lê apenas TC
no_bleed_segmented = nenhuma hemorragia intracerebral segmentada; isso não exclui sangramento
no_bleed_within_brain = nenhuma hemorragia intracerebral segmentada ({ $dropped_voxels } voxels fora do encéfalo descartados); isso não exclui sangramento
no_bleed_in_measured_part = parte da cabeça não foi medida; nenhuma hemorragia intracerebral segmentada no restante, o que não exclui sangramento
part_of_head_not_measured = parte da cabeça não foi medida; pode haver mais
bleed_truncated = sangramento cortado { $count ->
    [one] na borda
   *[other] nas bordas
} { $edges } ({ NUMBER($percent, maximumFractionDigits: 0) } % de sua maior secção)
no_ventricle_segmented = nenhum ventrículo segmentado neste volume
ventricles_incomplete = falta um ventrículo, ou parte de um, entre os segmentados
skull_not_closed = o crânio não forma um anel fechado na altura dos ventrículos
no_nodule_segmented = nenhum nódulo pulmonar segmentado; isso não exclui nódulos
no_edge_of_lung_near = nenhuma borda do pulmão encontrada por perto
nodule_without_core = pequeno demais para ler a atenuação sem a borda de { $rim_mm } mm
no_midline_of_chest = nem as vértebras nem os dois pulmões mostram onde fica o meio do tórax

## Por que uma vértebra não tem altura ou densidade

bundled_vertebrae_too_coarse = as redes incluídas traçam os limites entre as vértebras de modo grosseiro demais para medir seus corpos
no_vertebra_measurable = nenhuma vértebra entre T4 e L5 pôde ser medida
body_not_separated = o corpo vertebral de { $level } não pôde ser separado do arco
metal_in_vertebra = metal em { $level } ou junto dela
vertebra_looks_compressed = { $level } tem aspecto de compressão, o que eleva sua atenuação
dense_vertebra = { $level } é mais densa que osso trabecular: cimento, esclerose ou metal
body_too_small = não há espaço para uma região dentro da cortical de { $level }
native_from_venous_only = estimada somente a partir da fase venosa
age_unknown_no_norm = a idade do paciente não é conhecida

## Por que uma série foi medida, preterida ou recusada

series_number = série { $number }
series_without_number = série sem número
series_stack = { $series } (bloco { $part } de { $parts })

series_cut_short = seus arquivos estão incompletos
series_own_object = objeto escrito pelo próprio Heimdallr
series_of_other_modality = a modalidade { $modality } não é TC nem RM
series_without_modality = modalidade desconhecida, nem TC nem RM
series_is_secondary_capture = captura secundária (uma tela, não uma imagem)
series_of_other_sop_class = sua classe SOP não é de imagem dessa modalidade
series_in_colour = imagens coloridas
series_is_projection = projeção (MIP ou renderização)
series_is_report = relatório de dose ou página
series_is_localizer = localizador
series_is_ct_map = mapa derivado, subtração ou monitoramento de bolus
series_of_other_quantity = mapa derivado: { $spectral ->
    [iodine] iodo
    [effective_atomic_number] número atômico efetivo
    [electron_density] densidade eletrônica
    [perfused_blood_volume] volume sanguíneo perfundido
    [material] um material
   *[other] outra grandeza
}, não atenuação
series_without_position = sem posição ou orientação das imagens
series_without_pixel_spacing = sem espaçamento entre pixels
series_of_samples = cortes a { NUMBER($spacing_mm, maximumFractionDigits: 1) } mm uns dos outros são amostras, não um volume
series_matrix_too_small = a matriz { $rows } × { $columns } é pequena demais para uma imagem
series_repeats_places = { $images } imagens em { $places } { $places ->
    [one] posição
   *[other] posições
} não formam um único volume
series_not_told_apart = { $images } imagens em { $places } posições não formam um único volume, e nada em seus cabeçalhos as distingue
series_of_few_slices = { $slices } { $slices ->
    [one] corte
   *[other] cortes
}, menos que os { $needed } de um volume
series_not_axial = reformatação { $plane ->
    [sagittal] sagital
   *[coronal] coronal
}, não axial
series_oblique = reformatação oblíqua, a { NUMBER($angle_deg, maximumFractionDigits: 0) }° do plano axial
series_not_converted = a conversão falhou: { $error }

series_is_anatomical = série anatômica
series_is_time_point = um tempo de uma série dinâmica
series_is_fat_alone = imagem apenas de gordura
series_of_resolution = pixels de { NUMBER($pixel_mm, maximumFractionDigits: 1) } mm, cortes a cada { NUMBER($spacing_mm, maximumFractionDigits: 1) } mm
series_of_ordinary_contrast = contraste habitual
series_in_phase = imagem em fase
series_of_water = imagem de água
series_opposed_phase = imagem em oposição de fase
series_of_fat = imagem de gordura
series_of_fraction = fração em porcentagem
series_is_mr_map = difusão, subtração ou mapa, não anatomia

series_of_nifti = a única imagem entregue (NIfTI: kernel, fase e paciente são desconhecidos)
series_after_ct = o exame contém uma TC utilizável, que é preferida
series_passed_over = preterida pela { $series }: { $this } contra { $best }
series_equal = preterida pela { $series }: igual em tudo, exceto no número ou UID
series_in_hounsfield_units = unidades Hounsfield
series_is_virtual = unidades Hounsfield de uma imagem virtual
series_of_unknown_scale = valores de escala desconhecida
series_as_scanned = como adquirida
series_computed = calculada a partir de várias energias
series_monoenergetic = imagem monoenergética virtual de { $energy_kev } keV
series_covers = cobre { NUMBER($coverage_mm, maximumFractionDigits: 0) } mm
series_extends = cobre { NUMBER($extent_mm, maximumFractionDigits: 0) } mm da cabeça aos pés
series_of_phase = fase { $phase } segundo os cabeçalhos
series_of_kernel = { $kernel_class ->
    [soft] kernel de partes moles
    [standard] kernel padrão
    [lung] kernel pulmonar
    [bone] kernel ósseo
   *[unknown] kernel desconhecido
} ({ $source })
series_of_thickness = cortes de { NUMBER($thickness_mm, maximumFractionDigits: 2) } mm
series_of_unknown_thickness = espessura de corte desconhecida
series_of_slices = { $slices } { $slices ->
    [one] corte
   *[other] cortes
}

kernel_by_numbers = { $kernel }, números da { $maker }
kernel_by_ge_names = { $kernel }, nomes da GE
kernel_by_philips_letters = { $kernel }, letras da Philips
kernel_by_its_words = as palavras de { $kernel }
kernel_by_description = descrição
kernel_by_both = { $source }, descrição
kernel_unnamed = nenhuma fonte o informa

## O que não foi medido da série escolhida

preferred_series_not_converted = a { $series } { $others ->
    [0] tinha preferência sobre esta, mas não pôde ser convertida
    [one] e mais uma tinham preferência sobre esta, mas não puderam ser convertidas
   *[other] e mais { $others } tinham preferência sobre esta, mas não puderam ser convertidas
}
series_share_uid = { $series } séries têm um só SeriesInstanceUID; foram distinguidas por { $attributes }
series_put_together = as { $images } imagens têm { $uids } SeriesInstanceUIDs; foram reunidas pelo que mais uma série compartilha
source_uids_missing = às imagens medidas faltam UIDs de estudo, série ou imagem ({ $images } imagens): os objetos se referem a elas por UIDs criados aqui, sob os quais nenhum PACS as possui
files_unread = { $files } { $files ->
    [one] arquivo da entrada está danificado ou vazio; o que ele mostra não foi medido
   *[other] arquivos da entrada estão danificados ou vazios; o que mostram não foi medido
}
images_unfetched = { $images } { $images ->
    [one] imagem do exame não pôde ser buscada no arquivo; o que ela mostra não foi medido
   *[other] imagens do exame não puderam ser buscadas no arquivo; o que mostram não foi medido
}
images_cut_short = { $images } { $images ->
    [one] imagem da série não foi medida: seu arquivo está incompleto
   *[other] imagens da série não foram medidas: seus arquivos estão incompletos
}
numbered_late = as imagens da série são numeradas a partir de { $first }: { $images } antes delas podem não ter chegado
numbers_left_out = { $images ->
    [one] falta um número na numeração das imagens: essa imagem pode não ter chegado
   *[other] faltam { $images } números na numeração das imagens: essas imagens podem não ter chegado
}
slices_missing = nenhuma imagem mostra { NUMBER($length_mm, maximumFractionDigits: 0) } mm entre os cortes medidos ({ $images } cortes em { $gaps } { $gaps ->
    [one] lacuna
   *[other] lacunas
}): nada foi medido ali
slices_interpolated = { $images ->
    [one] falta { $images } corte isolado
   *[other] faltam { $images } cortes isolados
}; o que há ali foi interpolado entre os vizinhos
images_beyond = { $images } { $images ->
    [one] imagem da série, além do limite { $edge } do que foi medido
   *[other] imagens da série, além do limite { $edge } do que foi medido
} ({ NUMBER($length_mm, maximumFractionDigits: 0) } mm), não { $images ->
    [one] foi medida
   *[other] foram medidas
}
images_beyond_gap = { $images } { $images ->
    [one] imagem da série
   *[other] imagens da série
} ({ NUMBER($length_mm, maximumFractionDigits: 0) } mm) não { $images ->
    [one] foi medida
   *[other] foram medidas
}: no limite { $edge } do que foi medido faltam { NUMBER($gap_mm, maximumFractionDigits: 0) } mm ({ $missing } { $missing ->
    [one] corte
   *[other] cortes
})
images_doubled = { $images } { $images ->
    [one] imagem está
   *[other] imagens estão
} onde há outra imagem da série; foi medida uma em cada lugar
images_copied = { $images } { $images ->
    [one] imagem está repetida
   *[other] imagens estão repetidas
} na série; uma de cada foi medida
one_pass = a série mostra o corpo { $passes } vezes, distinguidas por { $attribute }; foi medida a passagem { $number }, { $images } { $images ->
    [one] imagem
   *[other] imagens
} das outras não
one_pass_of_value = a série mostra o corpo { $passes } vezes, distinguidas por { $attribute }; foi medida a passagem { $number } ({ $value }), { $images } { $images ->
    [one] imagem
   *[other] imagens
} das outras não
images_of_other_kind = { $images } { $images ->
    [one] outra imagem da série não foi medida; difere
   *[other] outras imagens da série não foram medidas; diferem
} em { $attributes }

## Por que não há nada para ver

volume_removed = o volume foi removido após o prazo de retenção; envie o estudo de novo para ver as imagens
volume_unreadable = o volume não pode ser lido; reprocesse o estudo
masks_removed = as máscaras foram removidas após o prazo de retenção
labels_not_made = estes resultados são anteriores aos mapas de estruturas; reprocesse o estudo para vê-las
labels_unreadable = os mapas de estruturas não podem ser lidos; reprocesse o estudo

## Títulos dos achados: finding_ e o código do achado

finding_intracerebral_haemorrhage = Hemorragia intracerebral, { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_intracerebral_haemorrhage_large = Hemorragia intracerebral, grande (≥ { $limit_cm3 } cm³): { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_midline_shift = Desvio da linha média de { NUMBER($shift_mm, maximumFractionDigits: 1) } mm
finding_lung_nodule = Nódulo pulmonar de 6 a 8 mm (diâmetro médio)
finding_lung_nodule_above_8_mm = Nódulo pulmonar maior que 8 mm (diâmetro médio)
finding_pleural_effusion = Derrame pleural de { $limit_ml } mL ou mais
finding_pericardial_effusion = Derrame pericárdico de { $limit_ml } mL ou mais
finding_ventriculomegaly = Ventrículos alargados: índice de Evans { NUMBER($index, minimumFractionDigits: 2, maximumFractionDigits: 2) }
finding_low_muscle_mass = Massa muscular esquelética baixa em L3
finding_low_muscle_attenuation = Atenuação muscular esquelética baixa em L3
finding_abdominal_aorta_dilated = Aneurisma da aorta abdominal, { NUMBER($diameter_mm, maximumFractionDigits: 1) } mm
finding_abdominal_aorta_dilated_seen = Aneurisma da aorta abdominal, de ao menos { NUMBER($seen_mm, maximumFractionDigits: 1) } mm (vista em parte)
finding_infrarenal_aorta_ectatic = Ectasia da aorta infrarrenal, { NUMBER($infrarenal_mm, maximumFractionDigits: 1) } mm
finding_infrarenal_aorta_ectatic_seen = Ectasia da aorta infrarrenal, de ao menos { NUMBER($infrarenal_seen_mm, maximumFractionDigits: 1) } mm (vista em parte)
finding_ascending_aorta_dilated = Aorta ascendente dilatada, { NUMBER($diameter_mm, maximumFractionDigits: 1) } mm
finding_ascending_aorta_dilated_seen = Aorta ascendente dilatada, de ao menos { NUMBER($seen_mm, maximumFractionDigits: 1) } mm (vista em parte)
finding_splenomegaly = Baço aumentado, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³
finding_liver_steatosis = Atenuação hepática na faixa de esteatose, { NUMBER($liver_hu, maximumFractionDigits: 1) } HU
finding_liver_steatosis_below_spleen = Fígado menos denso que o baço, na faixa de esteatose, diferença { NUMBER($difference_hu, maximumFractionDigits: 1) } HU
finding_hepatomegaly = Fígado aumentado, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³: { $index_ml_m2 } mL/m² de superfície corporal
finding_hepatomegaly_massive = Fígado muito aumentado, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³: { $index_ml_m2 } mL/m² de superfície corporal
finding_small_kidney_right = Rim direito pequeno, { NUMBER($length_mm, maximumFractionDigits: 0) } mm
finding_small_kidney_left = Rim esquerdo pequeno, { NUMBER($length_mm, maximumFractionDigits: 0) } mm
finding_large_kidney_right = Rim direito aumentado, { NUMBER($length_mm, maximumFractionDigits: 0) } mm
finding_large_kidney_left = Rim esquerdo aumentado, { NUMBER($length_mm, maximumFractionDigits: 0) } mm
finding_kidney_length_difference = Rins com diferença de comprimento de { NUMBER($difference_mm, maximumFractionDigits: 1) } mm
finding_liver_steatosis_portal_venous = Atenuação hepática na fase portal na faixa de esteatose, { NUMBER($liver_hu, maximumFractionDigits: 1) } HU
finding_liver_steatosis_fat_fraction = Fração de gordura hepática na faixa de esteatose, { NUMBER($percent, maximumFractionDigits: 1) } %
finding_coronary_calcium = Cálcio coronariano, categoria 100–299, estimado { $gating ->
    [gated] em TC sincronizada com ECG
   *[unknown] (sincronização com ECG desconhecida)
}
finding_coronary_calcium_severe = Cálcio coronariano, categoria 300 ou mais, estimado { $gating ->
    [gated] em TC sincronizada com ECG
   *[unknown] (sincronização com ECG desconhecida)
}
finding_kidney_stone_right = Cálculo no rim direito, { NUMBER($diameter_mm, minimumFractionDigits: 1, maximumFractionDigits: 1) } mm
finding_kidney_stone_left = Cálculo no rim esquerdo, { NUMBER($diameter_mm, minimumFractionDigits: 1, maximumFractionDigits: 1) } mm
finding_aortic_calcium = Cálcio na aorta abdominal, escore de Agatston { NUMBER($score, maximumFractionDigits: 0) }
finding_transitional_vertebra = Suspeita de vértebra de transição: { $count } vértebras entre as últimas costelas e o sacro
finding_vertebral_fracture = Suspeita de compressão: { $level ->
    [unnamed] uma vértebra (não se sabe ao certo qual)
   *[other] { $level }
} perdeu { NUMBER($percent, maximumFractionDigits: 0) } % da altura
finding_vertebral_fracture_several = Suspeita de compressão de { $count } vértebras; { $level ->
    [unnamed] uma (não se sabe ao certo qual)
   *[other] { $level }
} perdeu { NUMBER($percent, maximumFractionDigits: 0) } % da altura
finding_low_bone_density = Densidade óssea baixa: { NUMBER($hu, maximumFractionDigits: 1) } HU em { $levels }
finding_truncated_coverage = Não está inteiro no volume: { $structures }
site_finding = { $name }: { $value } { $unit } (regra deste serviço)

## Um estudo em poucas palavras

rounded = { $digits ->
    [0] { NUMBER($value, maximumFractionDigits: 0) }
    [1] { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) }
   *[2] { NUMBER($value, minimumFractionDigits: 2, maximumFractionDigits: 2) }
}
summary_earlier = { $title } (era { $value } em { $month })
summary_other_phase = { $title } (era { $value } em { $month }, fase de contraste: { $phase })
summary_other_side = { $title } (era { $value } em { $month }, para o outro lado)
summary_unchanged = { $title } (era { $value } em { $month }: sem mudança além do erro de medida)
summary_risen = { $title } (era { $value } em { $month }: +{ $per_year } por ano)
summary_fallen = { $title } (era { $value } em { $month }: −{ $per_year } por ano)
other_rules = regras que nada encontraram: { $silent }; que não puderam ser consultadas: { $not_asked }
no_finding_of_rules = nenhum achado. Regras que nada encontraram: { $silent }; que não puderam ser consultadas: { $not_asked }. Isso não significa que nada esteja errado
rules_not_told = estes resultados não dizem quais regras puderam ser consultadas

## Por que uma regra não foi consultada

no_limit_holds = nenhum limite vale para este paciente e esta aquisição
not_measured = não foi medido

## O que todo leitor precisa saber, e o que enfraquece um achado

bundled_weights = pesos incluídos no pacote — não usar clinicamente
networks_of_collection = alguns números são das redes de { $collection } ({ $licence }; { $credit })
several_patients = as imagens deste estudo nomeiam { $count } pacientes diferentes; as de cada um são um caso próprio
patients_taken_as_one = as imagens deste estudo nomeiam { $count } pacientes diferentes; alguém disse que são um só
shared_uids = { $count ->
    [one] uma imagem traz
   *[other] { $count } imagens trazem
} o UID de outra imagem; todas foram mantidas
sides_unknown = a imagem não diz como o paciente está deitado: esquerda e direita são desconhecidas
voxels_without_number = { NUMBER($percent, maximumFractionDigits: 2) } % dos voxels não têm número: contam como ar
other_unit = o arquivo dá seus voxels em { $unit ->
    [meter] metros
   *[micron] micrômetros
}: lidos assim
measured_on_fat_image = medido em uma imagem apenas de gordura: o estudo não tem série melhor
measured_on_map = medido em difusão, subtração ou mapa: o estudo não tem série anatômica
measured_on_localizer = medido em um localizador: o estudo não tem série melhor
site_rule = por uma regra que este serviço mudou ou criou
department_rules_broken = as regras de achados deste serviço não podem ser lidas; foram consultadas as do pacote
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

## Onde uma medida se situa entre pessoas do mesmo sexo, idade e porte

norm_z = z { NUMBER($z, minimumFractionDigits: 1, maximumFractionDigits: 1) }, percentil { $percentile } de uma distribuição normal ({ $norm })
norm_z_below = z { NUMBER($z, minimumFractionDigits: 1, maximumFractionDigits: 1) }, abaixo do percentil { $percentile } de uma distribuição normal ({ $norm })
norm_z_above = z { NUMBER($z, minimumFractionDigits: 1, maximumFractionDigits: 1) }, acima do percentil { $percentile } de uma distribuição normal ({ $norm })
norm_below = abaixo do percentil { $percentile } ({ $norm })
norm_not_below = não abaixo do percentil { $percentile } ({ $norm })
norm_above = acima do percentil { $percentile } ({ $norm })
norm_not_above = não acima do percentil { $percentile } ({ $norm })
norm_between = entre os percentis { $low } e { $high } ({ $norm })
norm_over_limit = igual ou acima de { $limit }, limite de { $norm }
norm_under_limit = abaixo de { $limit }, limite de { $norm }
norm_group_adults = { $sex ->
    [M] homens
    [F] mulheres
   *[O] adultos
}
norm_group = { $sex ->
    [M] homens
    [F] mulheres
   *[O] adultos
} de { $age_from } a { $age_to } anos
norm_group_bmi = { $sex ->
    [M] homens
    [F] mulheres
   *[O] adultos
} de { $age_from } a { $age_to } anos, IMC de { $bmi_from } a { $bmi_below }
norm_needs_sex = não comparado com { $norm }: o sexo do paciente não é conhecido
norm_needs_age = não comparado com { $norm }: a idade do paciente não é conhecida
norm_is_for_adults = não comparado com { $norm }: feito para adultos
norm_outside_ages = não comparado com { $norm }: ninguém da idade do paciente foi medido ali
norm_is_of_usual_attenuation = não comparado com { $norm }: vale para TC de um tubo convencional, não para imagens virtuais
norm_is_unenhanced = não comparado com { $norm }: vale para TC sem contraste

## O que as mensagens a outros sistemas dizem de si

report_of_measurements = Medidas automáticas
no_rule_found_anything = nenhuma regra encontrou nada; isso não exclui nada
not_for_clinical_use = medido por um software que não é dispositivo médico: não usar na clínica
case_folder_unreadable = os resultados do caso não podem ser lidos
message_without_patient_id = o estudo não tem ID de paciente: uma mensagem sobre ele ficaria sem dono, ou com outro paciente
name_not_in_character_set = o conjunto de caracteres deste destino não tem letras para o nome do paciente ou os números do pedido; escolha UNICODE UTF-8 se o destino o aceita

## O que aconteceu com o que foi enviado a um arquivo ou outro sistema, e o que fazer

peer_gave_no_reason = sem motivo informado
peer_said = resposta: “{ $words }”
peer_answers = { $address } responde
peer_name_unknown = o nome em { $address } não é conhecido por esta máquina: verifique o endereço do destino
peer_unreachable = { $address } não pode ser alcançado: sem resposta; verifique endereço, porta e firewall
nobody_listens = ninguém escuta em { $address }: verifique a porta e se o sistema de lá está em execução
peer_connection_failed = a conexão com { $address } falhou ({ $error })
peer_not_trusted = { $address } mostra um certificado não confiável ({ $error }): dê ao destino a autoridade que o assinou ou o nome verdadeiro
no_tls = sem conexão TLS com { $address } ({ $error }): verifique se essa porta fala TLS
certificate_unusable = um certificado, uma chave ou um arquivo de autoridades deste destino não pode ser lido ({ $error }): verifique os arquivos
own_file_unreadable = o arquivo a enviar não pode ser lido
own_file_is_no_dicom = o arquivo a enviar não é um objeto DICOM

association_not_answered = { $address } interrompeu ou não respondeu ao pedido de associação
association_not_answered_tls = { $address } interrompeu ou não respondeu ao pedido de associação por TLS: pode exigir um certificado de cliente que conheça
association_broken_off = { $address } interrompeu antes de responder
association_limit = { $address } não aceita mais associações por enquanto
association_rejected = { $address } rejeita associações de { $calling_ae } (origem/motivo { $status }): pergunte ao administrador de lá
calling_ae_unknown = { $address } não conhece o AE title { $calling_ae }: peça que seja cadastrado lá, com o endereço desta máquina, e envie de novo
called_ae_unknown = { $address } não atende por esse AE title: corrija-o no destino e envie de novo
sop_class_not_accepted = o PACS não aceita { $sop_class }: peça que seja permitido lá, ou deixe este objeto fora deste destino
store_not_answered = { $address } não disse em { $seconds } s que o objeto está armazenado
stored_with_warning = armazenado com aviso (status { $status }); { $said }
stored_before = o PACS já o tinha
archive_cannot_store_now = o PACS não pode armazená-lo agora (status { $status }); { $said }
archive_refuses_object = o PACS recusa o objeto (status { $status }); { $said }
stored_but_not_found = o PACS disse que armazenou o objeto e não o encontra
echo_answered = responde a C-ECHO (status { $status })
echo_not_accepted = não aceita C-ECHO, o que nada diz sobre armazenar
nothing_accepted = { $address } nos deixa entrar e não aceita nenhum dos nossos objetos
contexts_accepted = aceita tudo o que este destino recebe
contexts_refused = não aceita: { $sop_classes }
commitment_offered = oferece confirmação de armazenamento (storage commitment)
commitment_not_offered = o PACS não oferece confirmação de armazenamento (storage commitment): desligue-a neste destino ou ligue-a lá
commitment_refused = o PACS não aceita o pedido de confirmação de armazenamento (status { $status }); { $said }
commitment_not_asked = enviado; guarda não confirmada: { $reason }
commitment_denied = o PACS diz que não o guarda (motivo { $status })

folder_writable = a pasta pode ser gravada
folder_absent = a pasta { $file } não está lá: o compartilhamento está montado?
folder_has_another = a pasta já tem outro arquivo com o nome { $file }
folder_not_writable = a pasta não pode ser gravada ({ $error })

web_not_answered = { $address } não respondeu em { $seconds } s
web_answer_too_long = { $address } respondeu com mais de { $megabytes } MB, que não foram lidos até o fim: não se sabe o que houve com o envio
web_sign_in_refused = { $address } recusa nossas credenciais (HTTP { $status }): verifique usuário, senha ou token do destino e envie de novo
web_redirected = { $address } nos manda para outro lugar (HTTP { $status }), para onde nada é enviado sem que se peça: informe o endereço a que leva
web_address_wrong = não há nada em { $address } que aceite isto (HTTP { $status }): verifique o endereço do destino
web_refused = recusado (HTTP { $status }); { $said }
web_failed = o sistema de lá está ocupado ou com defeito (HTTP { $status }); { $said }
webhook_signed = as entregas são assinadas
webhook_unsigned = as entregas não são assinadas: dê um segredo ao destino
qido_answered = responde a QIDO-RS
qido_not_understood = o que responde lá não fala QIDO-RS: verifique o endereço, que muitas vezes termina em /dicom-web

## O que resultou de mensagens a um prontuário ou motor de interface

own_file_is_no_message = o arquivo a enviar não é uma mensagem HL7
peer_hung_up = { $address } desligou sem responder
no_fhir_server = o que responde ali não é um servidor FHIR: confira o endereço base
fhir_several_match = vários pacientes, estudos ou resultados ali respondem por um dos nossos identificadores: alguém precisa uni-los; { $said }
fhir_version = versão FHIR { $version }
transaction_taken = aceita transações
transaction_not_taken = não aceita transações, que é como os resultados são enviados
transaction_not_told = não diz se aceita transações
transaction_in_part = o servidor aceitou só uma parte: { $count ->
    [one] uma entrada
   *[other] { $count } entradas
} com status { $status }
transaction_untold = o servidor informa o que houve com só { $count } de { $asked } entradas; verifique lá se as outras chegaram
report_signed_already = o laudo ali já está { $status }: uma pessoa o assinou ou alterou, e ele não é substituído
ack_only_by_sending = conectado; se as mensagens são entendidas só se vê ao enviar uma, e nenhuma foi enviada
no_hl7_answer = o que { $address } respondeu não é uma confirmação HL7
answer_to_another_message = a resposta era a outra mensagem
accepted_with_errors = aceita, e mesmo assim com um erro; { $said }
accepted_with_warnings = aceita com uma observação; { $said }
unknown_answer = respondeu com um código que não existe: { $code }
message_refused = recusada ({ $code }); { $said }

## Por que algo não foi a um destino

delivery_withdrawn = os resultados foram feitos para outro paciente que não o indicado agora pelas imagens
delivery_deleted = o estudo foi excluído
delivery_superseded = resultados mais novos chegaram antes do envio
delivery_awaits_verification = os resultados mudaram antes do envio; os novos são enviados quando uma pessoa os verificar
delivery_cancelled = uma pessoa cancelou o envio
delivery_destination_removed = o destino foi removido
delivery_no_maker = esta versão do Heimdallr não sabe fazer um objeto desse tipo
delivery_not_made = não foi possível fazê-lo a partir deste caso: { $error }
delivery_making_failed = não foi possível fazê-lo ({ $error }): é uma falha do Heimdallr, por favor comunique-a com o registro
delivery_not_written = não foi possível gravá-lo no disco ({ $error })
delivery_nothing_to_make = não há nada desse tipo no caso
delivery_case_away = a pasta dos resultados não está lá: monte o disco de output/
delivery_case_gone = os resultados já não são mantidos; reprocesse o estudo
delivery_case_changed = os resultados acabam de ser substituídos por outros mais novos
delivery_not_tried = a conexão terminou antes da sua vez
commitment_unanswered = enviado, mas { $count ->
    [one] um pedido
   *[other] { $count } pedidos
} de confirmação de guarda (storage commitment) ficaram sem resposta; verifique se o destino alcança este receptor
commitment_failed = o destino não guarda o que tinha recebido (storage commitment, motivo { $status }); será enviado de novo

## Por que um arquivo não entrega um exame
archive_rejects_us = { $ae_title } em { $address } recusa a associação ({ $said }): cadastre lá o nosso AE title, e verifique o dele
archive_does_not_do = o arquivo não nos oferece { $service }: peça que seja habilitado para o nosso AE title
archive_cannot_send_to_us = o arquivo não consegue enviar para { $ae_title }: cadastre lá esse AE title com o endereço desta máquina e a porta { $port }, verifique se o listener está em execução e deixa o arquivo entrar, ou busque com C-GET
archive_sent_in_part = { $failed } de { $count } imagens não vieram: veja o log do arquivo e o espaço neste disco
archive_gone = o arquivo interrompeu ou silenciou: as imagens que vieram foram mantidas
archive_busy = o arquivo não tem recursos para isso agora ({ $status })
archive_refuses = o arquivo recusa ({ $status }): o log dele diz por quê
archive_too_many = o arquivo encontrou mais de { $limit } exames: peça menos
archive_answer_unreadable = a resposta do arquivo não pode ser lida: verifique se o endereço é o do serviço DICOMweb dele
archive_wants_another_secret = o arquivo não aceita o token ou a senha (HTTP { $status })
archive_web_broke_off = o arquivo interrompeu a conexão, não respondeu a tempo ou não fala HTTP ({ $error })
archive_sent_but_not_here = o arquivo enviou { $count } imagens, { $here } estão aqui: verifique se o listener está em execução
archive_patient_id_not_asked = o ID do paciente contém um curinga: um arquivo responderia com outros pacientes
record_has_no_body_size = o prontuário não tem altura nem peso deste paciente a até { $days } dias do exame
record_names_several_patients = o prontuário tem vários pacientes com este ID: altura e peso não são tomados dele

## O que arquivos de outras ferramentas dizem de um caso

case_folder_damaged = um arquivo da pasta do caso falta ou está danificado; processe o exame de novo
proposal_unreadable = o arquivo não pode ser lido como { $format }; exporte-o de novo, sem compressão
proposal_too_large = o arquivo é maior do que o que se lê; entregue menos estruturas de cada vez
proposal_of_mixed_files = entregue arquivos de um só tipo de cada vez: segmentações DICOM, conjuntos de estruturas ou arquivos NIfTI
proposal_of_unknown_kind = um arquivo não é segmentação DICOM, nem conjunto de estruturas, nem NIfTI
proposal_without_images = nada diz de quais imagens DICOM o caso foi feito; entregue máscaras NIfTI
proposal_of_other_study = o arquivo pertence a outro exame; entregue-o lá
proposal_of_other_frame_of_reference = o arquivo foi desenhado em outro sistema de referência: suas posições nada dizem nestas imagens; desenhe-o sobre as imagens deste exame
proposal_outlines_not_parallel = os contornos não estão em planos paralelos às imagens; exporte-os como segmentação
proposal_labels_without_names = um mapa com { $labels } rótulos veio sem os nomes; junte uma tabela JSON de mesmo nome
proposal_knows_nothing = nenhuma estrutura do arquivo é deste caso; ele tem { $count }: dê-lhes os nomes do caso, ou códigos
proposal_never_read = a leitura falhou { $tries } vezes; talvez exija mais memória do que há
proposal_not_kept = o arquivo não é mais guardado
proposal_changes_nothing = o arquivo mostra o que os mapas de rótulos já mostram
proposal_unknown = não reconhecidas, e deixadas de lado: { $names }
proposal_empty = sem nenhum pixel no arquivo, e deixadas como estão: { $structures }
proposal_outside = fora do volume, e deixadas como estão: { $structures }
proposal_on_one_plane = desenhadas em um só corte, e alteradas só nesse corte: { $structures }

## Por que uma correção não pode ser aplicada

difference_damaged = os voxels alterados não podem ser lidos (com defeito: { $part }); nada foi alterado: envie-os de novo
difference_too_large = os voxels alterados ocupam mais de { $megabytes } MB; altere menos de cada vez
difference_of_other_shape = os voxels alterados são de um volume de { $shape } voxels, este tem { $expected }: carregue o exame de novo e desenhe outra vez
difference_of_unknown_map = não há mapa de rótulos { $name } neste caso; carregue o exame de novo
difference_of_unknown_label = o mapa de rótulos { $name } não tem estrutura com o número { $label }; carregue o exame de novo
correction_changes_nothing = isto não altera nada: os resultados já são assim
correction_of_other_base = os mapas de rótulos foram alterados entretanto; carregue-os de novo e repita a alteração
no_vertebra = { $name } não é uma vértebra cujo nível possa ser dito; diga uma de C1 a L5
level_has_no_name = { $structure } ficaria onde nenhuma vértebra ou costela tem nome: agora não tem nenhum; suspeita-se de vértebra de transição
sixth_lumbar_vertebra = há agora uma sexta vértebra lombar: suspeita-se de vértebra de transição
level_below_the_last = abaixo da última vértebra lombar nenhuma outra tem nome: { $structures } são agora uma só; suspeita-se de vértebra de transição
no_last_lumbar_vertebra = nenhuma vértebra se chama L5 agora: suspeita-se de vértebra de transição
vertebra_not_there = { $structure } não está entre os rótulos deste caso; diga-o de uma vértebra que esteja
no_such_version = não há versão { $version } deste caso; carregue o exame de novo
nothing_to_reject = este caso não tem { $name } que possa ser rejeitado; carregue o exame de novo
not_rejected = { $name } não está rejeitado; carregue o exame de novo
correction_while_processed = o exame está sendo processado; poderá ser corrigido quando isso terminar
correction_without_results = o exame não tem resultados a corrigir; poderá ser corrigido quando tiver sido processado
correction_without_masks = os mapas de rótulos deste exame não são mais mantidos; processe-o de novo para corrigi-lo
correction_without_volume = as imagens deste exame não são mais mantidas, e nada pode ser medido de novo; processe-o de novo para corrigi-lo
correction_of_old_folder = o exame foi processado por outra versão do Heimdallr; processe-o de novo para corrigi-lo
correction_not_allowed = corrigir exige o papel de operador; um administrador pode concedê-lo
correction_overtaken = a correção { $number } foi salva por { $by } em { $at }, depois que estes mapas de rótulos foram carregados; carregue-os de novo e repita a alteração
correction_never_still = os resultados mudaram repetidamente enquanto a correção era calculada; tente de novo
correction_builder_died = o processo que calcula correções terminou antes de concluir, talvez por falta de memória; a correção está guardada e pode ser tentada de novo
correction_not_written = o caso corrigido não foi gravado; a correção está guardada e pode ser tentada de novo: { $reason }
correction_not_kept = os voxels alterados da correção { $number } não são mais mantidos; desenhe-os de novo
removal_of_other_structure = a apagar, mas agora parte de outra estrutura, e deixados como estão: { $voxels } voxels
correction_of_other_series = isto foi desenhado em outra série que não a medida agora; não pode ser posto sobre estas imagens: recuse-o e desenhe de novo
correction_of_other_grid = isto foi desenhado em outra grade de voxels que não a do volume medido agora; desenhe de novo
correction_of_other_labels = isto foi desenhado quando os números do seu mapa de rótulos designavam outras estruturas; desenhe de novo
correction_of_other_levels = isto altera vértebras ou costelas, e foi desenhado quando os níveis tinham outros nomes; dê antes aos níveis os nomes de então, ou desenhe de novo
correction_made_again = correção { $number }, feita de novo depois que o exame foi reprocessado
